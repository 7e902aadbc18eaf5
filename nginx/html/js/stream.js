// A WebSocket that comes back: with growing pauses, at once when the network does.

export class Stream {
  /** `handlers`: opened(), closed(), message(object). */
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.tries = 0;
    this.isStopped = false;
    this.lastMessage = 0;
    this.hurry = () => {
      if (document.visibilityState === "visible") this.tries = 0;
      if (!this.socket && this.timer) this.connect();
    };
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = null;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}`);
    this.socket = socket;
    socket.onopen = () => {
      this.lastMessage = performance.now();
      this.handlers.opened?.();
    };
    socket.onmessage = (event) => {
      this.tries = 0;
      this.lastMessage = performance.now();
      this.handlers.message(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  lost() {
    this.socket = null;
    if (this.isStopped) return;
    this.handlers.closed?.();
    // Half of the pause is luck, so that a crowd does not come back in one moment.
    const pause = Math.min(8000, 250 * 2 ** this.tries);
    this.tries += 1;
    this.timer = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  /** For a connection that looks open and says nothing. */
  restart() {
    const socket = this.socket;
    if (!socket) return;
    this.lost();
    socket.close();
  }

  stop() {
    this.isStopped = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.socket?.close();
  }
}

// Put into the page before its own scripts.
window.sockets = [];
const Real = WebSocket;
window.WebSocket = class extends Real {
  constructor(...given) {
    super(...given);
    window.sockets.push(this);
  }

  set onmessage(handler) {
    super.onmessage = (event) => { if (!this.isDeaf) handler(event); };
  }
};

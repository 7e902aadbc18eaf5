// Who is logged in. The token lives in sessionStorage: it ends with the tab.

import { ApiError, call, get, useToken } from "./api.js";
import { Emitter, find, setText } from "./dom.js";

const key = "outcry.session";

/** Events: changed. */
export class Session extends Emitter {
  name = null;
  token = null;

  get isOpen() {
    return this.token !== null;
  }

  async start() {
    this.bindDialog();
    const stored = JSON.parse(sessionStorage.getItem(key) ?? "null");
    if (!stored) return this.emit("changed");
    this.take(stored);
    try {
      await get("/api/account");
    } catch (error) {
      if (error.status === 401) this.close("Your session has ended. Log in again.");
    }
  }

  take({ name, token }) {
    this.name = name;
    this.token = token;
    useToken(token);
    sessionStorage.setItem(key, JSON.stringify({ name, token }));
    this.emit("changed");
  }

  close(reason) {
    this.name = null;
    this.token = null;
    useToken(null);
    sessionStorage.removeItem(key);
    this.emit("changed");
    if (reason) this.ask(reason);
  }

  async logOut() {
    try {
      await call("POST", "/api/logout");
    } catch {
      // Forgotten here in any case; there it ends by itself.
    }
    this.close();
  }

  // -- The dialog -----------------------------------------------------------------------------

  ask(note = "") {
    this.setMode("login");
    this.showError(null);
    setText(find("auth-note"), note);
    find("auth").showModal();
    find("auth-name").focus();
  }

  setMode(mode) {
    this.mode = mode;
    const isNew = mode === "register";
    find("auth-login").setAttribute("aria-selected", String(!isNew));
    find("auth-register").setAttribute("aria-selected", String(isNew));
    setText(find("auth-submit"), isNew ? "Create account" : "Log in");
    find("auth-password").autocomplete = isNew ? "new-password" : "current-password";
    find("auth-hint").hidden = !isNew;
  }

  showError(error) {
    for (const field of ["name", "password"]) {
      const mine = error?.field === field;
      setText(find(`auth-${field}-error`), mine ? error.message : "");
      find(`auth-${field}`).toggleAttribute("aria-invalid", mine);
    }
    const isField = error && ["name", "password"].includes(error.field);
    setText(find("auth-error"), error && !isField ? error.message : "");
  }

  bindDialog() {
    find("auth-login").onclick = () => this.setMode("login");
    find("auth-register").onclick = () => this.setMode("register");
    find("auth-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  async submit() {
    const name = find("auth-name").value.trim();
    const password = find("auth-password").value;
    const button = find("auth-submit");
    button.disabled = true;
    this.showError(null);
    try {
      const answer = await call("POST", `/api/${this.mode}`, { name, password });
      this.take({ name, token: answer.token });
      find("auth-password").value = "";
      find("auth").close();
    } catch (error) {
      this.showError(error instanceof ApiError ? error : { message: String(error) });
    } finally {
      button.disabled = false;
    }
  }
}

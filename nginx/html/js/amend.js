// The dialog that changes an open order's price or quantity.

import { find, setText, toast } from "./dom.js";
import { grouped, trimmed } from "./decimal.js";

export class AmendDialog {
  constructor(account) {
    this.account = account;
    find("amend-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  open(order) {
    this.order = order;
    const verb = order.side === "buy" ? "Buy" : "Sell";
    setText(find("amend-what"), `${verb} ${trimmed(order.quantity)} ${order.symbol}`
      + (order.price ? ` at ${grouped(order.price)}` : ""));
    find("amend-price").value = order.price ?? "";
    find("amend-price").disabled = !order.price;
    find("amend-quantity").value = order.quantity;
    this.showError(null);
    find("amend").showModal();
    const first = order.price ? find("amend-price") : find("amend-quantity");
    first.focus();
    first.select();
  }

  async submit() {
    const changes = {};
    for (const name of ["price", "quantity"]) {
      const text = find(`amend-${name}`).value.trim().replaceAll(",", "");
      if (text !== "" && text !== this.order[name]) changes[name] = text;
    }
    if (Object.keys(changes).length === 0) return find("amend").close();
    find("amend-submit").disabled = true;
    this.showError(null);
    try {
      await this.account.amend(this.order, changes);
      find("amend").close();
      toast("Order amended");
    } catch (error) {
      this.showError(error);
    } finally {
      find("amend-submit").disabled = false;
    }
  }

  showError(error) {
    for (const name of ["price", "quantity"]) {
      const isMine = error?.field === name;
      setText(find(`amend-${name}-error`), isMine ? error.message : "");
      find(`amend-${name}`).toggleAttribute("aria-invalid", isMine);
    }
    const isField = error && ["price", "quantity"].includes(error.field);
    setText(find("amend-error"), error && !isField ? error.message : "");
  }
}

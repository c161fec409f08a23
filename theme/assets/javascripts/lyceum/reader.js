/**
 * When to ask the gatekeeper, and what its answers mean for the placeholder.
 *
 * It is asked only when there is reason to: this browser has signed in before (the one flag that is stored), or the reader
 * pressed a button of the card. After such a press it is asked every two seconds while the page is visible, for a quarter of
 * an hour, and whenever the reader comes back to the page; a payment or sign-in in another tab so unlocks this one in place.
 * The part is held by the page alone: it is taken out when the page is left (a page restored by the back button asks anew)
 * and when the reader signs out anywhere.
 */

import { Gatekeeper, LapsedError, UnreachableError } from "./gatekeeper.js";
import { Placeholder } from "./placeholder.js";

/** @typedef {import("./gatekeeper.js").SignedIn} SignedIn */
/** @typedef {import("./placeholder.js").State} State */

const HINT = "lyceum.reader"; // "1" after a sign-in was seen; says nothing about who or what
const POLL_MILLISECONDS = 2_000;
const POLL_FOR_MILLISECONDS = 15 * 60_000;
const RENEW_MILLISECONDS = 8 * 60_000; // entitlement cookies live ten minutes; pictures and downloads need one

/** @param {HTMLElement} section */
export function attend(section) {
  new Attendant(section).begin();
}

class Attendant {
  /** @param {HTMLElement} section */
  constructor(section) {
    this.lesson = section.dataset.lesson ?? "";
    this.products = (section.dataset.products ?? "").split(" ").filter(Boolean);
    this.isMember = section.dataset.access === "member";
    this.section = section;
    this.placeholder = new Placeholder(section);
    this.gatekeeper = new Gatekeeper(section.dataset.gatekeeper ?? "");
    /** @type {Promise<void> | null} */
    this.asking = null;
    this.interested = false;
    this.pollUntil = 0;
    this.polling = 0;
    this.renewing = 0;
    this.refused = ""; // the account, with what it owned, to which the gate last said no
    this.scrollToRestore = 0;
    /** @type {Set<string>} */
    this.mended = new Set();
  }

  begin() {
    const { section } = this;
    for (const event of ["click", "auxclick"]) section.addEventListener(event, (e) => this.pressed(e));
    section.addEventListener("error", (e) => this.mendPicture(e), true);
    document.addEventListener("visibilitychange", () => this.returned());
    window.addEventListener("focus", () => this.returned());
    window.addEventListener("storage", (e) => e.key === HINT && e.newValue === null && this.signedOut());
    window.addEventListener("pagehide", () => this.left());
    window.addEventListener("pageshow", (e) => e.persisted && this.restored());
    if (isKnown()) void this.check();
    if ("pressed" in section.dataset) {
      this.interested = true;
      this.watch();
    }
    section.onclick = null; // it stood in for this module until now
  }

  /** @param {Event} event */
  pressed(event) {
    const control = event.target instanceof Element ? event.target.closest("[data-lyceum-action]") : null;
    if (!(control instanceof HTMLElement)) return;
    this.interested = true;
    this.refused = "";
    if (control.dataset.lyceumAction === "retry") {
      void this.check({ aloud: true });
    } else {
      this.watch();
    }
  }

  /** Polls from now on: the reader is buying or signing in elsewhere. */
  watch() {
    this.pollUntil = Date.now() + POLL_FOR_MILLISECONDS;
    this.placeholder.setWaiting(true);
    this.polling ||= setInterval(() => this.poll(), POLL_MILLISECONDS);
  }

  poll() {
    if (this.placeholder.isUnlocked || Date.now() > this.pollUntil) {
      clearInterval(this.polling);
      this.polling = 0;
      this.placeholder.setWaiting(false);
    } else if (document.visibilityState === "visible") {
      void this.check({ aloud: true });
    }
  }

  returned() {
    if (document.visibilityState === "visible" && (this.interested || isKnown())) void this.check({ aloud: true });
  }

  signedOut() {
    this.placeholder.nameReader("");
    this.placeholder.show("anonymous");
  }

  /** Nothing of the part, and nobody's name, may lie in the back/forward cache. */
  left() {
    this.scrollToRestore = window.scrollY;
    this.signedOut();
  }

  async restored() {
    if (!this.interested && !isKnown()) return;
    await this.check();
    if (this.placeholder.isUnlocked) window.scrollTo({ top: this.scrollToRestore, behavior: "instant" });
  }

  /**
   * Asks once, however often it is called meanwhile.
   * @param {{ aloud?: boolean }} [options]
   */
  check({ aloud = false } = {}) {
    this.asking ??= this.ask(aloud).finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  /** @param {boolean} aloud */
  async ask(aloud) {
    const { placeholder } = this;
    try {
      const reader = await this.gatekeeper.reader();
      remember(reader.signed_in);
      if (!reader.signed_in) {
        this.signedOut();
        return;
      }
      placeholder.nameReader(reader.email);
      const state = this.stateFor(reader);
      const account = JSON.stringify([reader.email, reader.products]);
      if (state !== "unlocked") placeholder.show(state, aloud);
      else if (!placeholder.isUnlocked && account !== this.refused) await this.unlock(account, aloud);
      if (state === "pending" && !this.polling) this.watch();
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      // What was unlocked stays: a gatekeeper that is away takes nothing from a reader who is reading.
      if (!placeholder.isUnlocked) placeholder.show("unreachable", aloud);
    }
  }

  /**
   * Fetches the part for an account that should own it; the gate has the last word.
   * @param {string} account
   * @param {boolean} aloud
   */
  async unlock(account, aloud) {
    const { placeholder, gatekeeper } = this;
    placeholder.show("unlocking", aloud);
    let answer = await gatekeeper.part(this.lesson);
    if (!answer.granted && answer.status === 401) {
      const reader = await gatekeeper.reader(); // renews the entitlement cookie
      remember(reader.signed_in);
      if (!reader.signed_in) {
        this.signedOut();
        return;
      }
      answer = await gatekeeper.part(this.lesson);
      if (!answer.granted && answer.status === 401) throw new UnreachableError("the renewed token is refused");
    }
    if (!answer.granted) {
      this.refused = account;
      placeholder.show(answer.reason === "expired" ? "expired" : "no-access", aloud);
      return;
    }
    let html;
    try {
      html = await gatekeeper.text(answer.url);
    } catch (error) {
      if (!(error instanceof LapsedError)) throw error;
      const again = await gatekeeper.part(this.lesson);
      if (!again.granted) throw new UnreachableError("granted, then refused");
      html = await gatekeeper.text(again.url).catch(() => {
        throw new UnreachableError("the store refuses a fresh address");
      });
    }
    placeholder.unlock(html);
    this.mended.clear();
    this.renewing ||= setInterval(() => this.renew(), RENEW_MILLISECONDS);
  }

  /**
   * What the reader's products say about this lesson; "unlocked" means that the gate should agree.
   * @param {SignedIn} reader
   * @returns {State}
   */
  stateFor(reader) {
    if (this.isMember) return "unlocked";
    const now = Date.now() / 1000;
    const { products, ended, pending } = reader;
    const isOwned = this.products.some((id) => id in products && (products[id] === null || Number(products[id]) > now));
    if (isOwned) return "unlocked";
    if (this.products.some((id) => pending.includes(id))) return "pending";
    const lapsed = this.products.find((id) => id in products || ended[id] === "expired");
    if (lapsed) {
      this.placeholder.setEnd(products[lapsed] ?? null);
      return "expired";
    }
    return this.products.some((id) => ended[id] === "refunded") ? "refunded" : "no-access";
  }

  renew() {
    if (this.placeholder.isUnlocked && document.visibilityState === "visible") void this.check();
  }

  /**
   * A picture of the part that failed (its cookie may have run out) is asked for once more after renewing.
   * @param {Event} event
   */
  async mendPicture(event) {
    const picture = event.target;
    if (!(picture instanceof HTMLImageElement) || !this.placeholder.isUnlocked || this.mended.has(picture.src)) return;
    this.mended.add(picture.src);
    await this.check();
    if (picture.isConnected) picture.src = picture.getAttribute("src") ?? "";
  }
}

/** Whether a sign-in was seen in this browser. A browser that keeps nothing is a stranger each time. */
function isKnown() {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return false;
  }
}

/** @param {boolean} isSignedIn */
function remember(isSignedIn) {
  try {
    if (isSignedIn) localStorage.setItem(HINT, "1");
    else localStorage.removeItem(HINT);
  } catch {
    // Storage is forbidden here; the reader signs in each time.
  }
}

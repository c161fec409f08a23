/**
 * Tells the gatekeeper what was done here, in batches, and once when the page is left. What could not be told waits and is told again under
 * the same names, which count once. A gatekeeper that is away is left in peace for longer and longer; nothing on the page depends on it.
 *
 * @typedef {{ value?: number, list?: string, place?: number, variant?: string }} Facts
 */

import { newName } from "./name.js";

const PAUSE = 15_000;
const LONGEST_PAUSE = 300_000;
const MOST = 100; // in one telling; gatekeeper.contract.signals has the same
const MOST_WAITING = 300;

export class Teller {
  /**
   * @param {string} gatekeeper  its origin, or "" for the page's own
   * @param {string} reader
   * @param {string} variant  "" for a reader who stays nobody: no cookie goes along
   */
  constructor(gatekeeper, reader, variant) {
    this.url = new URL("/api/signals", gatekeeper || document.baseURI);
    this.reader = reader;
    this.variant = variant;
    /** @type {Record<string, unknown>[]} */
    this.waiting = [];
    this.pause = PAUSE;
    this.timer = 0;
    this.isTelling = false;
    this.hasEnded = false;
  }

  /**
   * @param {string} kind
   * @param {string} lesson
   * @param {Facts} [facts]
   */
  tell(kind, lesson, facts = {}) {
    if (this.hasEnded || this.waiting.length >= MOST_WAITING) return;
    const variant = this.variant ? { variant: this.variant } : {};
    this.waiting.push({ id: newName(), kind, at: Date.now(), ...(lesson ? { lesson } : {}), ...variant, ...facts });
    this.timer ||= setTimeout(() => void this.flush(), this.pause);
  }

  /** @param {boolean} [isLeaving] */
  async flush(isLeaving = false) {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.hasEnded || !this.waiting.length || (this.isTelling && !isLeaving)) return;
    const events = this.waiting.slice(0, MOST);
    this.isTelling = true;
    const status = await this.send({
      events: events.map(({ at, ...event }) => ({ ...event, age: Math.max(0, Date.now() - Number(at)) })),
    });
    this.isTelling = false;
    if (status === 404) this.end(); // this school collects nothing any more
    const isLate = status === 0 || status === 429 || status >= 500;
    this.pause = isLate ? Math.min(this.pause * 2, LONGEST_PAUSE) : PAUSE;
    if (!isLate) this.waiting = this.waiting.filter((event) => !events.includes(event));
    if (this.waiting.length && !this.hasEnded) this.timer ||= setTimeout(() => void this.flush(), this.pause);
  }

  /** Everything that was told under this name is to be deleted. */
  sayFarewell() {
    void this.send({ forget: true });
  }

  end() {
    this.hasEnded = true;
    this.waiting = [];
    clearTimeout(this.timer);
  }

  /**
   * As text, so that a page that is being left needs no preflight.
   * @param {object} said
   * @returns {Promise<number>} the answer's status; 0 for none
   */
  async send(said) {
    const body = JSON.stringify({ v: 1, reader: this.reader, ...said });
    try {
      const answer = await fetch(this.url, { method: "POST", body, credentials: this.variant ? "include" : "omit", cache: "no-store", keepalive: true });
      return answer.status;
    } catch {
      return 0;
    }
  }
}

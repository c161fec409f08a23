/**
 * What the gatekeeper can be asked, and the few shapes of its answers. Nothing is kept: every request is `no-store`, and the
 * signed address of a part is used at once and forgotten.
 *
 * @typedef {object} SignedIn
 * @property {true} signed_in
 * @property {string} email
 * @property {Record<string, number | null>} products  owned products → Unix time of their end, or null for ever
 * @property {Record<string, "expired" | "refunded">} ended  products that were owned once
 * @property {string[]} pending  products that are paid but not confirmed
 *
 * @typedef {{ signed_in: false } | SignedIn} Reader
 *
 * @typedef {{ granted: true, url: string }} Granted
 * @typedef {{ granted: false, status: number, reason: string }} Refused
 */

const PATIENCE_MILLISECONDS = 10_000;

/** The gatekeeper or the store did not answer, or not in a way that means anything. */
export class UnreachableError extends Error {}

/** The store no longer honours the signed address; a new one may help. */
export class LapsedError extends Error {}

export class Gatekeeper {
  /** @param {string} origin the gatekeeper's origin, or "" for the page's own */
  constructor(origin) {
    this.base = new URL(origin || "/", document.baseURI);
  }

  /**
   * Who is reading. The answer also renews the entitlement cookie.
   * @returns {Promise<Reader>}
   */
  async reader() {
    const response = await ask(new URL("/api/reader", this.base), { credentials: "include" });
    const answer = response.ok ? await json(response) : null;
    if (answer?.signed_in === false) return { signed_in: false };
    if (answer?.signed_in !== true) throw new UnreachableError(`/api/reader answered ${response.status}`);
    return {
      signed_in: true,
      email: String(answer.email ?? ""),
      products: answer.products ?? {},
      ended: answer.ended ?? {},
      pending: answer.pending ?? [],
    };
  }

  /**
   * Where the part of a lesson lies, or why this reader may not have it.
   * @param {string} lesson
   * @returns {Promise<Granted | Refused>}
   */
  async part(lesson) {
    const path = lesson.split("/").map(encodeURIComponent).join("/");
    const response = await ask(new URL(`/gate/parts/${path}`, this.base), { credentials: "include" });
    const answer = await json(response);
    if (response.ok && typeof answer?.url === "string") {
      return { granted: true, url: new URL(answer.url, this.base).href };
    }
    if (response.status === 401 || response.status === 403) {
      return { granted: false, status: response.status, reason: String(answer?.reason ?? "") };
    }
    throw new UnreachableError(`/gate/parts/ answered ${response.status}`);
  }

  /**
   * The HTML of a part. No cookie goes along, no address of this page, and no cache keeps the answer.
   * @param {string} url
   * @returns {Promise<string>}
   */
  async text(url) {
    const response = await ask(new URL(url), { credentials: "omit", referrerPolicy: "no-referrer" });
    if (response.status === 403 || response.status === 410) throw new LapsedError();
    if (!response.ok) throw new UnreachableError(`the store answered ${response.status}`);
    try {
      return await response.text();
    } catch {
      throw new UnreachableError("the store's answer broke off");
    }
  }
}

/**
 * @param {URL} url
 * @param {RequestInit} options
 * @returns {Promise<Response>}
 */
async function ask(url, options) {
  try {
    return await fetch(url, { ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  } catch {
    throw new UnreachableError("no answer");
  }
}

/**
 * @param {Response} response
 * @returns {Promise<any>} null if the body is not JSON
 */
async function json(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

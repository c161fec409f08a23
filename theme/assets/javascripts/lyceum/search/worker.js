/**
 * The search itself, away from the page: asks Pagefind, which fetches the pieces of the index that a query needs, and makes
 * groups of results out of its answer. Runs here, and not on the page, also because Pagefind cuts queries by the page's
 * language where there is a document: pairs of Chinese characters must stay as they are.
 */

import { excerpt, marksIn, meets } from "./matching.js";
import { decoded, encoded, loosened, wanted } from "./words.js";

/** @typedef {import("./words.js").Wanted} Wanted */
/** @typedef {import("./matching.js").Piece} Piece */
/** @typedef {{ title: string, url: string, access: string, language: string, score: number, excerpt: Piece[], sections: { title: string, url: string }[] }} Result */
/** @typedef {{ course: string, language: string, results: Result[] }} Group */
/** @typedef {{ groups: Group[], shown: number, hasMore: boolean }} Answer */

const SECTIONS = 3;

/** @type {Promise<any> | undefined} */
let engine;

self.addEventListener("message", async ({ data: { id, bundle, query, limit } }) => {
  try {
    engine ??= start(bundle);
    self.postMessage({ id, answer: await answer(await engine, query, limit) });
  } catch (error) {
    engine = undefined; // the next query tries again
    self.postMessage({ id, problem: String(error) });
  }
});

/** @param {string} bundle the address of the folder of the index */
async function start(bundle) {
  const response = await fetch(`${bundle}parts.json`, { cache: "no-cache" });
  if (!response.ok) throw new Error(`no index: ${response.status}`);
  const [first, ...others] = (await response.json()).map((/** @type {number} */ part) => `${bundle}${part}/`);
  const { createInstance } = await import(`${first}pagefind.js`);
  const pagefind = createInstance({ basePath: new URL(first).pathname });
  if (others.length > 0) await pagefind.filters(); // fails where the first part cannot be read; the next line would wait for ever
  for (const other of others) await pagefind.mergeIndex(new URL(other).pathname);
  return pagefind;
}

/**
 * @param {any} pagefind
 * @param {string} query
 * @param {number} limit how many results are looked at
 * @returns {Promise<Answer>}
 */
async function answer(pagefind, query, limit) {
  const wish = wanted(query);
  const strict = await find(pagefind, wish, limit);
  const loose = strict.results.length === 0 ? loosened(wish) : null;
  const { results, hasMore } = loose ? await find(pagefind, loose, limit) : strict;
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const { course, ...result } of results.sort((a, b) => b.score - a.score)) {
    const group = groups.get(course) ?? { course, language: result.language, results: [] };
    groups.set(course, group);
    group.results.push(result);
  }
  return { groups: [...groups.values()], shown: results.length, hasMore };
}

/**
 * @param {any} pagefind
 * @param {Wanted} wish
 * @param {number} limit
 */
async function find(pagefind, wish, limit) {
  const spelled = encoded(wish);
  if (!spelled) return { results: [], hasMore: false };
  const { results: hits } = await pagefind.search(spelled);
  const pages = await Promise.all(hits.slice(0, limit).map(async (/** @type {any} */ hit) => result(hit.score, await hit.data(), wish)));
  return { results: pages.filter((page) => page !== null), hasMore: hits.length > limit };
}

/**
 * @param {number} score
 * @param {any} page a page of the index
 * @param {Wanted} wish
 * @returns {(Result & { course: string }) | null} null for a page that does not hold what is wanted
 */
function result(score, page, wish) {
  const [title = ""] = page.filters.label ?? [];
  const [course = ""] = page.filters.course ?? [];
  const tokens = page.content.split(" ");
  const marks = marksIn(tokens, page.locations, wish);
  const count = wish.runs.length + wish.words.length;
  const met = new Set(marks.map((mark) => mark.what));
  for (let what = 0; what < count; what += 1) {
    if (!met.has(what) && !meets(title, wish, what)) return null;
  }
  const start = titleLength(tokens, title);
  const text = marks.filter((mark) => mark.from >= start);
  const sections = page.anchors
    .filter((/** @type {any} */ anchor) => /^h[2-6]$/.test(anchor.element))
    .map((/** @type {any} */ anchor, /** @type {number} */ place, /** @type {any[]} */ all) => ({
      title: decoded(anchor.text),
      url: `${page.url}#${encodeURIComponent(anchor.id)}`,
      count: text.filter((mark) => mark.from >= anchor.location && mark.from < (all[place + 1]?.location ?? Infinity)).length,
    }))
    .filter((/** @type {any} */ section) => section.count > 0)
    .sort((/** @type {any} */ a, /** @type {any} */ b) => b.count - a.count)
    .slice(0, SECTIONS)
    .map((/** @type {any} */ section) => ({ title: section.title, url: section.url }));
  return {
    course,
    title,
    url: page.url,
    access: page.filters.access?.[0] ?? "",
    language: page.filters.language?.[0] ?? "",
    score,
    excerpt: excerpt(tokens.slice(start), text.map((mark) => ({ ...mark, from: mark.from - start, to: mark.to - start }))),
    sections,
  };
}

/**
 * How many words the title takes that a page's text begins with; the result shows it already.
 * @param {string[]} tokens
 * @param {string} title
 */
function titleLength(tokens, title) {
  const sought = bare(title);
  let said = "";
  for (let count = 0; count < tokens.length && said.length < sought.length; count += 1) {
    said += bare(decoded(tokens[count] ?? ""));
    if (said === sought) return count + 1;
  }
  return 0;
}

/** @param {string} text */
function bare(text) {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

/**
 * Which lessons a reader sees, from what is public and what this browser remembers. Pure: nothing is asked, nothing kept.
 *
 * A lesson's score is the sum of its weights in the rows of what was read, each row once. Not more than half of a list is of one course while
 * others have something to offer. One slot in ten is given to a lesson further down, so that what is never shown can be found.
 *
 * @typedef {import("./row.js").Entry} Entry
 * @typedef {{ key: number, id: string, title: string, url: string, course: number, access: number, minutes: number, products: number[], tags: string[] }} Lesson
 * @typedef {{ lesson: Lesson, reason: string, subject: string, explored: boolean }} Chosen
 */

import { hash } from "./lot.js";
import { NO_TAG } from "./row.js";

const EXPLORED = 0.1;
const LEAST_OPENED = 2; // one lesson's own offer says it already
const NOT_OFFERED = ["trial", "team"];
const DEEPEST = 20; // places down the list that are tried

/**
 * @param {object} given
 * @param {Map<number, Lesson>} given.lessons  by key, in the order of the school
 * @param {{ id: string, row: Entry[] }[]} given.read  what was read, each with its row; the last one was read last
 * @param {(lesson: Lesson) => boolean} given.isWanted
 * @param {number} given.length
 * @param {string} given.here  the page's own lesson, which a reason need not name
 * @param {string} given.seed  decides which slots are tried
 * @returns {Chosen[]}
 */
export function choose({ lessons, read, isWanted, length, here, seed }) {
  /** @type {Map<number, { score: number, weight: number, from: string, entry: Entry }>} */
  const found = new Map();
  for (const { id, row } of read) {
    for (const entry of row) {
      const before = found.get(entry.key);
      const score = (before?.score ?? 0) + entry.weight;
      const best = !before || entry.weight > before.weight ? { weight: entry.weight, from: id, entry } : before;
      found.set(entry.key, { ...best, score });
    }
  }
  const known = new Set(read.map(({ id }) => id));
  const titles = new Map([...lessons.values()].map((lesson) => [lesson.id, lesson.title]));
  const ranked = [...found]
    .flatMap(([key, one]) => {
      const lesson = lessons.get(key);
      return lesson && one.score > 0 && !known.has(lesson.id) && isWanted(lesson) ? [{ lesson, ...one }] : [];
    })
    .sort((a, b) => b.score - a.score || a.lesson.key - b.lesson.key);
  const chosen = spread(ranked, length);
  const last = chosen.length - 1;
  const explores = last >= 1 && (hash(seed) % 1000) / 1000 < EXPLORED * length;
  const others = ranked.slice(0, DEEPEST).filter((one) => !chosen.includes(one));
  const tried = explores && others.length ? others[hash(`${seed} which`) % others.length] : null;
  return (tried ? [...chosen.slice(0, last), tried] : chosen).map((one) => ({
    lesson: one.lesson,
    ...reasonOf(one, one.from === here ? "" : (titles.get(one.from) ?? "")),
    explored: one === tried,
  }));
}

/**
 * The popularity list, without what was read.
 * @param {object} given
 * @param {Lesson[]} given.popular
 * @param {Set<string>} given.known
 * @param {(lesson: Lesson) => boolean} given.isWanted
 * @param {number} given.length
 * @returns {Chosen[]}
 */
export function popular({ popular: lessons, known, isWanted, length }) {
  return lessons
    .filter((lesson) => !known.has(lesson.id) && isWanted(lesson))
    .slice(0, length)
    .map((lesson) => ({ lesson, reason: "popular", subject: "", explored: false }));
}

/**
 * The first `length`, no more than half of them of one course unless nothing else is left.
 * @template {{ lesson: Lesson }} One
 * @param {One[]} ranked
 * @param {number} length
 * @returns {One[]}
 */
function spread(ranked, length) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  /** @type {One[]} */
  const chosen = [];
  for (const one of ranked) {
    const count = counts.get(one.lesson.course) ?? 0;
    if (chosen.length === length || count >= Math.ceil(length / 2)) continue;
    counts.set(one.lesson.course, count + 1);
    chosen.push(one);
  }
  const rest = ranked.filter((one) => !chosen.includes(one));
  return ranked.filter((one) => [...chosen, ...rest.slice(0, length - chosen.length)].includes(one));
}

/**
 * The row that weighed most says why.
 * @param {{ lesson: Lesson, entry: Entry }} one
 * @param {string} subject  the title of the lesson whose row it was
 */
function reasonOf({ lesson, entry }, subject) {
  if (entry.reason === "topic") return { reason: "topic", subject: entry.tag === NO_TAG ? "" : (lesson.tags[entry.tag] ?? "") };
  return { reason: entry.reason, subject: entry.reason === "popular" ? "" : subject };
}

/**
 * The product that opens most of the locked lessons among these and is not owned; of equal ones that which opens fewer lessons in all.
 * Trials and teams are none (generator/recommend/fitting.py has the same).
 * @param {Lesson[]} lessons
 * @param {{ id: string, opens: number, kind: string }[]} products  in the school's order
 * @param {Set<string>} owned
 * @returns {{ place: number, count: number } | null}
 */
export function fitting(lessons, products, owned) {
  const locked = lessons.filter((lesson) => !lesson.products.some((place) => owned.has(products[place]?.id)));
  /** @type {{ place: number, count: number } | null} */
  let best = null;
  products.forEach((product, place) => {
    const count = locked.filter((lesson) => lesson.products.includes(place)).length;
    const isBetter = !best || count > best.count || (count === best.count && product.opens < products[best.place].opens);
    const isOffered = !NOT_OFFERED.includes(product.kind) && !owned.has(product.id);
    if (count >= LEAST_OPENED && isOffered && isBetter) best = { place, count };
  });
  return best;
}

/**
 * The list at a page's end, made this reader's own: with their agreement the lesson is remembered in this browser, and what was remembered
 * chooses the list. What is asked for is the same whoever reads the page and whatever they read before: the file of the school and the row of the
 * page's own lesson. Without agreement nothing is asked, nothing kept, and the list stays as it stands in the page.
 *
 * One browser in ten sees the popularity list by lot (`lot`), so that it can be told whether recommendations help.
 */

import { Gatekeeper } from "../gatekeeper.js";
import { choose, fitting, popular } from "./choosing.js";
import { history, remember, segmentOf } from "./history.js";
import { List } from "./list.js";
import { lotOf } from "./lot.js";
import { fromText, toText, unpack } from "./row.js";
import { row, school } from "./school.js";

/** @typedef {import("./choosing.js").Lesson} Lesson */

const NEAR = "800px"; // before the list is seen, so that it does not change under the eye

/**
 * @param {HTMLElement} section
 * @param {string} localId  this browser's random name, kept with the reader's agreement
 */
export async function attend(section, localId) {
  const before = history();
  const lesson = section.dataset.lesson ?? "";
  const site = section.dataset.site ?? "";
  if (lesson) remember(lesson, "row" in section.dataset ? toText(await row(site, lesson)) : "");
  await near(section);
  await personalise(section, localId, before, history());
}

/**
 * @param {HTMLElement} section
 * @param {string} localId
 * @param {import("./history.js").History} before  without this page's lesson, unless it was read earlier
 * @param {import("./history.js").History} now
 */
async function personalise(section, localId, before, now) {
  const { lesson = "", course = "", site = "" } = section.dataset;
  const here = await school(site);
  if (!here) return;
  const list = new List(section);
  const known = new Set(now.read.map(({ id }) => id));
  const place = here.courses.findIndex(({ url }) => url === `${course}/`);
  const isWanted = (/** @type {Lesson} */ one) => one.id !== lesson && one.course !== place;
  const lot = lotOf(localId);
  const many = here.popular[segmentOf(now)] ?? here.popular.all;
  const filling = popular({ popular: many, known, isWanted, length: list.length });
  let chosen = lot === "popularity" ? filling : [];
  const others = before.read.filter(({ id }) => id !== lesson);
  if (lot === "model" && others.length) {
    const rows = now.read.map(({ id, row: kept }) => ({ id, row: unpack(fromText(kept)) }));
    const day = Math.floor(Date.now() / 86_400_000);
    const seed = `${localId} ${lesson || course} ${day}`;
    chosen = choose({ lessons: here.lessons, read: rows, isWanted, length: list.length, here: lesson, seed });
    const named = new Set(chosen.map((one) => one.lesson.id));
    if (chosen.length) chosen.push(...filling.filter((one) => !named.has(one.lesson.id)).slice(0, list.length - chosen.length));
  }
  section.dataset.lyceumVariant = lot;
  const owned = await products(section);
  if (chosen.length) {
    list.show(chosen, here, { isMine: lot === "model" });
    list.showFitting(fitting(chosen.map((one) => one.lesson), here.products, owned), here);
  } else if (owned.has(section.querySelector(".lyceum-related__fits")?.getAttribute("data-product") ?? "")) {
    list.showFitting(null, here);
  }
  section.dataset.state = chosen.length ? "own" : "as-printed";
}

/**
 * What this reader owns, if a sign-in was seen in this browser; nobody is asked otherwise.
 * @param {HTMLElement} section
 * @returns {Promise<Set<string>>}
 */
async function products(section) {
  try {
    if (localStorage.getItem("lyceum.reader") === null) return new Set();
    const reader = await new Gatekeeper(section.dataset.gatekeeper ?? "").reader();
    return new Set(reader.signed_in ? Object.keys(reader.products) : []);
  } catch {
    return new Set(); // the gatekeeper is away: the list is none the worse
  }
}

/**
 * @param {HTMLElement} section
 * @returns {Promise<void>} when the section is about to be seen
 */
function near(section) {
  return new Promise((resolve) => {
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        watch.disconnect();
        resolve();
      },
      { rootMargin: NEAR },
    );
    watch.observe(section);
  });
}

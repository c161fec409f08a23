/**
 * assets/recommend/school.json: what may be recommended, the same file for everybody (its shape: generator/recommend/publish.py).
 *
 * @typedef {import("./choosing.js").Lesson} Lesson
 * @typedef {{ id: string, title: Record<string, string>, price: Record<string, string>, kind: string, opens: number, interval: string }} Product
 * @typedef {object} School
 * @property {Map<number, Lesson>} lessons  by key
 * @property {{ title: string, url: string, language: string }[]} courses
 * @property {Product[]} products
 * @property {Record<"all" | "new" | "regular", Lesson[]>} popular
 */

const FORMAT = 1;

/**
 * @param {string} site  the site's root, relative to the page
 * @returns {Promise<School | null>} null if it cannot be had or is of another format
 */
export async function school(site) {
  const read = await fetched(site, "assets/recommend/school.json");
  /** @type {any} */
  const told = read && (await read.json().catch(() => null));
  if (told?.format !== FORMAT) return null;
  /** @type {Lesson[]} */
  const lessons = told.lessons.map((/** @type {any[]} */ one) => {
    const [key, id, title, url, course, access, minutes, products, tags] = one;
    return { key, id, title, url, course, access, minutes, products, tags };
  });
  const named = (/** @type {number[]} */ places) => (places ?? []).map((place) => lessons[place]).filter(Boolean);
  return {
    lessons: new Map(lessons.map((lesson) => [lesson.key, lesson])),
    courses: told.courses.map((/** @type {any[]} */ [, title, url, language]) => ({ title, url, language })),
    products: told.products.map((/** @type {any[]} */ [id, title, price, kind, opens, interval]) => ({ id, title, price, kind, opens, interval: interval ?? "" })),
    popular: { all: named(told.popular.all), new: named(told.popular.new), regular: named(told.popular.regular) },
  };
}

/**
 * @param {string} site
 * @param {string} lesson
 * @returns {Promise<Uint8Array>} no bytes if there is no row
 */
export async function row(site, lesson) {
  const read = await fetched(site, `assets/recommend/rows/${lesson}.bin`);
  return read ? new Uint8Array(await read.arrayBuffer()) : new Uint8Array();
}

/**
 * @param {string} site
 * @param {string} path
 */
async function fetched(site, path) {
  try {
    const response = await fetch(new URL(path, new URL(site, document.baseURI)), { credentials: "omit" });
    return response.ok ? response : null;
  } catch {
    return null;
  }
}

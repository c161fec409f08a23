/**
 * How Chinese is written in the index and in queries: each character with the one after it. generator/site/search/words.py says
 * why; the two must agree.
 */

const HAN = "\\u3005\\u3007\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const END = "\\u3006";
const MARKS =
  "\\u2010-\\u2027\\u2030-\\u205e\\u3000-\\u3004\\u3008-\\u303f\\u30fb\\uff00-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65";

const RUN = new RegExp(`[${HAN}]+`, "gu");
const MARK = new RegExp(`[${MARKS}]`, "gu");
const PAIR = new RegExp(`([${HAN}])[${HAN}${END}]`, "gu");
const LEADING = new RegExp(`^([${HAN}])`, "u");
const STOP = new RegExp(`([${HAN}])\\.(?= |$)`, "gu"); // Pagefind's own, where a line ends without one
const CLOSE = new RegExp(
  `(?<=[${HAN}${MARKS}]) (?=[${HAN}${MARKS}])|(?<=[${MARKS}]) | (?=[${MARKS}])|(?<=[${HAN}]) (?=[.,:;!?)\\]])|(?<=[(\\[]) (?=[${HAN}])`,
  "gu",
);

/**
 * What a query asks for: runs of Chinese characters, and words of other scripts.
 * @typedef {{ runs: string[][], words: string[] }} Wanted
 */

/**
 * @param {string} query
 * @returns {Wanted}
 */
export function wanted(query) {
  return {
    runs: [...query.matchAll(RUN)].map(([run]) => [...run]),
    words: query.replace(RUN, " ").replace(MARK, " ").toLowerCase().split(/\s+/u).filter((word) => /[\p{L}\p{N}+#]/u.test(word)),
  };
}

/**
 * The same wish with long runs cut into words, for a run that stands nowhere as a whole.
 * @param {Wanted} wish
 * @returns {Wanted | null} null when there is nothing to cut
 */
export function loosened(wish) {
  const segmenter = new Intl.Segmenter("zh", { granularity: "word" });
  const runs = wish.runs.flatMap((run) => {
    const words = [...segmenter.segment(run.join(""))].map(({ segment }) => [...segment]);
    const long = words.filter((word) => word.length > 1);
    return long.length > 0 ? long : words;
  });
  return runs.length > wish.runs.length ? { runs, words: wish.words } : null;
}

/**
 * The query as the index spells it. A single character is the beginning of pairs.
 * @param {Wanted} wish
 */
export function encoded({ runs, words }) {
  const pairs = runs.flatMap((run) => (run.length === 1 ? run : run.slice(0, -1).map((sign, place) => sign + run[place + 1])));
  return [...new Set([...words, ...pairs])].join(" ");
}

/**
 * The readable text of a piece of the index.
 * @param {string} text
 */
export function decoded(text) {
  return text.replace(PAIR, "$1").replace(STOP, "$1。").replace(/\s+/gu, " ").trim().replace(CLOSE, "");
}

/**
 * The Chinese character that an indexed word stands for, or "".
 * @param {string | undefined} token
 */
export function sign(token) {
  return token?.match(LEADING)?.[1] ?? "";
}

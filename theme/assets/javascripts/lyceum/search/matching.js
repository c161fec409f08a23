/**
 * Where in an indexed text a query is met. Pagefind finds words by their stems and beginnings, and for an unknown word it takes
 * the longest known beginning of it, which can be one letter; here such finds are told from real ones.
 */

import { decoded, sign } from "./words.js";

/** @typedef {import("./words.js").Wanted} Wanted */
/** @typedef {{ from: number, to: number, what: number }} Mark tokens from…to meet wish number `what` */
/** @typedef {{ text: string, isMatch: boolean }} Piece */

const AROUND_CHARACTERS = 150;
const BEFORE_CHARACTERS = 30;
// A doubled consonant may stand before it: run, running.
const ENDING = /^\p{L}?(?:|e|s|es|ed|d|er|ers|ing|ings|ion|ions|ation|ations|ive|or|ors|ly|ment|ments|able|ies|ied|y|ity|al|ally|ness)$/u;

/**
 * @param {string[]} tokens the words of an indexed text, in order
 * @param {number[]} locations where Pagefind found something
 * @param {Wanted} wish
 * @returns {Mark[]} in the order of the text
 */
export function marksIn(tokens, locations, { runs, words }) {
  /** @type {Mark[]} */
  const marks = [];
  for (const place of [...new Set(locations)].sort((a, b) => a - b)) {
    runs.forEach((run, number) => {
      if (run.every((character, step) => sign(tokens[place + step]) === character)) {
        marks.push({ from: place, to: place + run.length, what: number });
      }
    });
    words.forEach((word, number) => {
      if (isLike(tokens[place] ?? "", word)) marks.push({ from: place, to: place + 1, what: runs.length + number });
    });
  }
  return marks;
}

/**
 * Whether a title meets wish number `what`.
 * @param {string} title
 * @param {Wanted} wish
 * @param {number} what
 */
export function meets(title, { runs, words }, what) {
  const run = runs[what];
  return run ? title.includes(run.join("")) : title.split(/\s+/u).some((token) => isLike(token, words[what - runs.length] ?? ""));
}

/**
 * Whether a word of the text is the wanted one, begins with it, or differs in its ending only.
 * @param {string} token
 * @param {string} word in lower case
 */
function isLike(token, word) {
  const whole = plain(token);
  const parts = token.replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2").split(/[^\p{L}\p{N}+#]+/u).map(plain);
  const sought = plain(word);
  return sought !== "" && [whole, ...parts].some((part) => part.startsWith(sought) || isInflected(part, sought));
}

/**
 * Whether two words have one beginning and differ in English endings, as `queries` and `query` do.
 * @param {string} one
 * @param {string} other
 */
function isInflected(one, other) {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  return same >= 3 && ENDING.test(one.slice(same)) && ENDING.test(other.slice(same));
}

/** @param {string} text */
function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/[^\p{L}\p{N}+#_]/gu, "");
}

/**
 * The surroundings of the first mark of the thickest cluster, cut at words.
 * @param {string[]} tokens
 * @param {Mark[]} marks
 * @returns {Piece[]}
 */
export function excerpt(tokens, marks) {
  const centre = thickest(marks);
  let from = centre?.from ?? 0;
  let before = 0;
  while (from > 0 && before + width(tokens[from - 1]) <= BEFORE_CHARACTERS) {
    from -= 1;
    before += width(tokens[from]);
  }
  let to = centre?.from ?? 0;
  let length = before;
  while (to < tokens.length && length < AROUND_CHARACTERS) {
    length += width(tokens[to]);
    to += 1;
  }
  const isMarked = tokens.slice(from, to).map((_, step) => marks.some((mark) => mark.from <= from + step && from + step < mark.to));
  /** @type {Piece[]} */
  const pieces = [];
  let start = from;
  for (let place = from + 1; place <= to; place += 1) {
    if (place < to && isMarked[place - from] === isMarked[start - from]) continue;
    const text = decoded(tokens.slice(start, place).join(" "));
    const isMatch = isMarked[start - from] ?? false;
    const words = isMatch ? text.replace(/[\p{P}\s]+$/u, "") : text; // a full stop is not what was sought
    pieces.push({ text: words, isMatch });
    if (words.length < text.length) pieces.push({ text: text.slice(words.length), isMatch: false });
    if (place < to && decoded(`${tokens[place - 1]} ${tokens[place]}`).includes(" ")) pieces.push({ text: " ", isMatch: false });
    start = place;
  }
  if (from > 0) pieces.unshift({ text: "… ", isMatch: false });
  if (to < tokens.length) pieces.push({ text: " …", isMatch: false });
  return pieces;
}

/**
 * The mark that has the most different wishes met just after it.
 * @param {Mark[]} marks
 */
function thickest(marks) {
  let best;
  let most = 0;
  for (const mark of marks) {
    const met = new Set(marks.filter((other) => other.from >= mark.from && other.from < mark.from + 40).map((other) => other.what));
    if (met.size > most) {
      most = met.size;
      best = mark;
    }
  }
  return best;
}

/** @param {string | undefined} token */
function width(token = "") {
  return sign(token) ? 2 : token.length + 1;
}

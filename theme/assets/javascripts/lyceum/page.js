/**
 * The entry of every page: makes diagrams and formulas of the public text, and looks after the placeholder of a private
 * half if the page has one. What is told of reading, and whether
 * anything is, `signals/agreement` decides. Modules that a page does not need are not fetched.
 */

import { enhance } from "./enhance.js";
import { offerSearch } from "./search/opener.js";

enhance(document.body);
offerSearch();

const signals = document.getElementById("lyceum-signals");
if (signals) void import("./signals/agreement.js").then(({ begin }) => begin(signals));

const coupon = new URLSearchParams(location.search).get("coupon") ?? kept("lyceum.coupon");
if (coupon) void import("./coupon.js").then(({ carry }) => carry(coupon));

const section = document.querySelector("section.lyceum-part");
if (section instanceof HTMLElement) {
  const { attend } = await import("./reader.js");
  attend(section);
}

/** @param {string} name */
function kept(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

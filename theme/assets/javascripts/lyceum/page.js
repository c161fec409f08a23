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

// Whoever comes from the account pages may have signed in there: lessons ask from now on, until one hears that nobody is signed in.
if (comesFromTheAccount()) keep("lyceum.reader", "1");

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

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is forbidden here.
  }
}

function comesFromTheAccount() {
  const account = document.querySelector("a.lyceum-header__account");
  if (!(account instanceof HTMLAnchorElement) || !document.referrer) return false;
  return new URL(document.referrer).origin === account.origin && account.origin !== location.origin;
}

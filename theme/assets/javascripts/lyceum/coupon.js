/**
 * A coupon that a link to any page of the site brings (`?coupon=SPRING-2027`) goes along to the checkout: for as long as the tab is open,
 * every link that buys carries it. What it takes off is the gatekeeper's to say.
 */

const KEPT = "lyceum.coupon";
const CODE = /^[A-Za-z0-9-]{4,40}$/;

/** @param {string} coupon */
export function carry(coupon) {
  if (!CODE.test(coupon)) return;
  try {
    sessionStorage.setItem(KEPT, coupon);
  } catch {
    // Without storage it goes along from this page alone.
  }
  for (const link of document.querySelectorAll("a[href*='/buy/']")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    const address = new URL(link.href);
    if (!address.pathname.startsWith("/buy/")) continue;
    address.searchParams.set("coupon", coupon);
    link.href = address.href;
  }
}

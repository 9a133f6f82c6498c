// Each page of the web pages, at an address where it shows all that it can.
import { call, dayAhead, findFreeVenue, logIn } from "./browser.mjs";

const CARD = ".card:not(.ghost)";
const FORM = "form.form [type=submit]";

const openTable = (page) => page.locator(".figure-table summary").click();

/** Closes a free day: the page shows what will be saved. */
async function paintDay(page) {
  await page.locator('[name="action"][value="close"]').check({ force: true });
  await page.locator(".painted [data-day].free").last().click();
  await page.locator(".paint-bar .primary").waitFor();
}

/**
 * Returns the pages for a server with demonstration data: `path` as in routes.js, `address`, `ready` (a part that shows
 * that the page has loaded), `account`, whose session the page needs, and `show`, which makes more of the page visible.
 */
export async function listPages(base) {
  const { venue, days: [day] } = await findFreeVenue(base, 1);
  const guest = await logIn(base, "guest1");
  const { bookings: [booking] } = await call(base, "GET", `/bookings?status=pending&date_from=${dayAhead(1)}&limit=1`, { token: guest.token });
  const owner = await logIn(base, "owner1");
  const { bookings: [request] } = await call(base, "GET", `/bookings?status=pending&date_from=${dayAhead(1)}&limit=1`, { token: owner.token });
  const own = `/owner/venues/${request.venue_id}`;
  const walkIn = `/owner/walk-ins/new?venue=${request.venue_id}&date=${dayAhead(300)}`;
  const results = `/find?place=karachi&date=${day}&guests=300`;
  return [
    { name: "start", path: "/", address: "/", ready: CARD },
    { name: "results", path: "/find", address: results, ready: CARD },
    { name: "map", path: "/find", address: `${results}&view=map`, ready: ".pin" },
    { name: "venue", path: "/hall/:id", address: `/hall/${venue.id}?date=${day}&guests=300`, ready: ".calendar button.free" },
    { name: "login", path: "/login", address: "/login", ready: FORM },
    { name: "signup", path: "/signup", address: "/signup", ready: FORM },
    { name: "forgot-password", path: "/forgot-password", address: "/forgot-password", ready: FORM },
    { name: "reset-password", path: "/reset-password", address: "/reset-password?token=x", ready: FORM },
    { name: "verify-email", path: "/verify-email", address: "/verify-email?token=x", ready: FORM, account: guest },
    { name: "disown-email", path: "/disown-email", address: "/disown-email?token=x", ready: FORM },
    { name: "bookings", path: "/my/bookings", address: "/my/bookings", ready: ".booking-row:not(.ghost)", account: guest },
    { name: "booking", path: "/my/bookings/:id", address: `/my/bookings/${booking.id}`, ready: ".history li", account: guest },
    { name: "account", path: "/account", address: "/account", ready: ".profile form", account: guest },
    { name: "feeds", path: "/account/feeds", address: "/account/feeds", ready: ".feed-list li", account: owner },
    { name: "webhooks", path: "/account/webhooks", address: "/account/webhooks", ready: ".feed-list li", account: owner },
    { name: "owner", path: "/owner", address: "/owner", ready: ".six td:not(:empty)", account: owner },
    { name: "owner-requests", path: "/owner/requests", address: "/owner/requests", ready: ".request", account: owner },
    { name: "owner-request", path: "/owner/requests/:id", address: `/owner/requests/${request.id}`, ready: ".history li", account: owner },
    { name: "owner-walk-in", path: "/owner/walk-ins/new", address: walkIn, ready: ".walk-in-day :is(.good, .amber)", account: owner },
    { name: "owner-figures", path: "/owner/statistics", address: "/owner/statistics", ready: ".chart li", account: owner, show: openTable },
    { name: "owner-venues", path: "/owner/venues", address: "/owner/venues", ready: ".own-venues li", account: owner },
    { name: "owner-new-venue", path: "/owner/venues/new", address: "/owner/venues/new", ready: FORM, account: owner },
    { name: "owner-venue", path: "/owner/venues/:id", address: own, ready: ".listing .map", account: owner },
    { name: "owner-calendar", path: "/owner/venues/:id/calendar", address: `${own}/calendar?month=${request.date.slice(0, 7)}`, ready: ".painted [data-day].free", account: owner, show: paintDay },
  ];
}

/** Whether a page is shown with the session of an owner. */
export const isOfOwners = ({ account }) => account?.profile.is_venue_owner === true;

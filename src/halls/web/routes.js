// Which page an address shows. The server reads these lines too: it serves the paths, and preloads the page's modules.
/** @import { PageComponent } from "./router.js" */
/** @typedef {{ default: PageComponent, styles: string[] }} PageModule `styles`: folders with a style sheet that the page uses. */
/** @typedef {{ path: string, load: () => Promise<PageModule> }} Route */

/** @type {Route[]} */
export const ROUTES = [
  { path: "/", load: () => import("./start/page.js") },
  { path: "/login", load: () => import("./account/login.js") },
  { path: "/signup", load: () => import("./account/signup.js") },
  { path: "/forgot-password", load: () => import("./account/forgot-password.js") },
  { path: "/reset-password", load: () => import("./account/reset-password.js") },
  { path: "/verify-email", load: () => import("./account/verify-email.js") },
  { path: "/disown-email", load: () => import("./account/disown-email.js") },
  { path: "/find", load: () => import("./results/page.js") },
  { path: "/hall/:id", load: () => import("./venue/page.js") },
  { path: "/my/bookings", load: () => import("./bookings/page.js") },
  { path: "/my/bookings/:id", load: () => import("./bookings/booking.js") },
  { path: "/account", load: () => import("./profile/page.js") },
  { path: "/account/feeds", load: () => import("./feeds/page.js") },
  { path: "/account/webhooks", load: () => import("./webhooks/page.js") },
  { path: "/owner", load: () => import("./owner/page.js") },
  { path: "/owner/requests", load: () => import("./owner/requests.js") },
  { path: "/owner/requests/:id", load: () => import("./owner/request.js") },
  { path: "/owner/walk-ins/new", load: () => import("./owner/walk-in.js") },
  { path: "/owner/statistics", load: () => import("./figures/page.js") },
  { path: "/owner/venues", load: () => import("./owner/venues.js") },
  { path: "/owner/venues/new", load: () => import("./listing/page.js") },
  { path: "/owner/venues/:id", load: () => import("./listing/edit.js") },
  { path: "/owner/venues/:id/calendar", load: () => import("./painting/page.js") },
];

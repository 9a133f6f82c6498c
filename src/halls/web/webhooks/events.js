// The events that a webhook can get.
/** @import { WebhookEvent } from "../types.js" */

/** @type {WebhookEvent[]} */
export const EVENTS = ["booking.requested", "booking.confirmed", "booking.declined", "booking.cancelled", "booking.expired", "booking.changed", "venue.changed", "venue.removed"];

// The words of the page about webhooks in English. ur.js has the same keys; a test checks it.
const number = (/** @type {number} */ count) => count.toLocaleString("en-PK");

export default {
  title: "Webhooks",
  intro: "For programmers: Halls sends a signed request to your server when a booking or venue changes. If you only want to see bookings in a calendar, use a calendar feed.",
  guide: "The API for programmers", feeds: "Calendar feeds",
  list: "Your webhooks", none: "You have no webhook yet.", noneHelp: "Enter the address of your server below.",
  on: "On", off: "Off", offHelp: "Switched off by you, or because no delivery succeeded for five days.",
  events: "Events", allEvents: "All events", someEvents: (/** @type {number} */ count, /** @type {number} */ all) => `${count} of ${all} events`,
  eventNames: {
    "booking.requested": "Request came in", "booking.confirmed": "Booking confirmed", "booking.declined": "Request declined", "booking.cancelled": "Booking cancelled", "booking.expired": "Request expired",
    "booking.changed": "Guests or note changed", "venue.changed": "Venue changed", "venue.removed": "Venue taken down", "webhook.test": "Test",
  },
  make: "Make a webhook", url: "Address of your server", urlHelp: "It begins with https:// and can be reached from the internet.",
  payload: "What each request contains", payloads: { ids: "Only ids, day and state", full: "The whole booking, with the guest" }, description: "Note for yourself",
  submit: "Make the webhook", making: "Making the webhook…", edit: "Change", editTitle: "Change the webhook", save: "Save", saving: "Saving…", saved: "Saved.",
  chooseEvent: "Choose at least one event.", limit: "You have as many webhooks as an account may have. Delete one of them first.",
  secretReady: "The secret of this webhook", once: "Copy it now: it is shown only once. With it your server checks that a request comes from Halls.", secret: "Secret", copySecret: "Copy the secret", done: "I have copied it",
  rotated: "The old secret signs requests for 24 more hours, beside the new one.",
  test: "Send a test", tested: "The test is on its way. Look at the deliveries.",
  switchOff: "Switch off", switchOn: "Switch on",
  rotate: "New secret", rotateTitle: "Make a new secret?", rotateHelp: "Both secrets sign for 24 hours: enter the new one on your server within that time.", rotating: "Making a new secret…",
  remove: "Delete", removeTitle: "Delete this webhook?", removeHelp: "Halls sends nothing more to this address, and its deliveries are deleted.", removing: "Deleting…", removed: "The webhook is deleted.", keep: "Keep it",
  deliveries: "Deliveries", hide: "Hide the deliveries", refresh: "Read again", noDeliveries: "There are no deliveries yet. Send a test.", keptFor: "Deliveries are kept for 30 days.",
  statuses: { pending: "Waits", delivered: "Delivered", failed: "Given up" }, status: "Which deliveries", all: "All",
  tries: (/** @type {number} */ count) => (count === 1 ? "1 attempt" : `${number(count)} attempts`), response: (/** @type {number} */ status) => `response ${status}`, took: (/** @type {number} */ ms) => `${number(ms)} ms`,
  next: (/** @type {string} */ moment) => `next attempt on ${moment}`,
  reasons: {
    error_status: "Your server answered with an error.", redirect: "Your server redirected the request, which is not followed.", timeout: "Your server did not answer within 15 seconds.", no_connection: "Your server could not be reached.",
    bad_certificate: "The certificate of your server is not valid.", address_not_public: "The address is not public.", switched_off: "The webhook was switched off.", suspended: "The account was suspended.",
  },
  replay: "Deliver again", replaying: "Delivering again…", replayed: "This event is delivered again.", notReplayed: "This event can no longer be delivered again.", more: "Show more deliveries", loadingMore: "Loading more…",
};

// The words of the figures of an owner in English. ur.js has the same keys; a test checks it.
const number = (/** @type {number} */ count) => count.toLocaleString("en-PK");

export default {
  title: "Figures", intro: "By the day of the event, in the time of Karachi.",
  period: "Period", periods: { around: "Half a year back and ahead", past: "Last 12 months", coming: "Next 12 months", own: "Other days" },
  from: "From", to: "To", show: "Show", venue: "Venue", allVenues: "All venues",
  rows: "Sort the figures by", by: { month: "Month", weekday: "Day of the week", venue: "Venue" },
  totals: "All together", booked: "Days booked", occupancy: "Of the days offered", revenue: "Agreed prices", guests: "Guests", pending: "Requests without an answer", lead: "Booked ahead (median)",
  leadDays: (/** @type {number} */ days) => (days === 1 ? "1 day" : `${number(days)} days`), walkIns: (/** @type {number} */ count) => `${number(count)} by telephone`,
  unpriced: (/** @type {number} */ count) => `${number(count)} without a price`,
  daysChart: "Days offered and booked", revenueChart: "Agreed prices of confirmed bookings",
  legend: { offered: "offered", booked: "booked", pending: "requested" },
  ofDays: (/** @type {number} */ booked, /** @type {number} */ offered) => `${number(booked)} of ${number(offered)}`,
  table: "Read as a table",
  columns: { offered: "Offered", booked: "Booked", occupancy: "Occupancy", pending: "Requested", revenue: "Agreed prices", guests: "Guests", lead: "Days ahead", cancelled: "Cancelled" },
  cancelledBy: { guest: "by guests", owner: "by you", expiry: "not answered", unknown: "otherwise" },
  sum: "Total", none: "–", deleted: "Venue that was taken down",
  empty: "There is nothing to count in these days yet.", emptyHelp: "Figures appear once your venues offer days.", toVenues: "To my venues",
  download: "Download the bookings (CSV)", downloading: "Downloading…", downloadHelp: "For Excel and other programs: each booking of these days, with guest, price and state.",
};

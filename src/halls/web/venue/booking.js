// Sends a request for a day, once, and finds out what a person can do after an error.
import { useLayoutEffect, useState } from "../vendor/ui.js";
import { ApiError, create, read } from "../api.js";
import { session } from "../session.js";
import { monthOf } from "../days.js";
import { dropWishKey, wishKey } from "../wish-key.js";
import { reloadMonth } from "./offers.js";
import { dropNotes } from "./notes.js";
/** @import { Booking, FoundVenue, FreeDay } from "../types.js" */
/** @typedef {{ venue_id: string, date: string, guests: number, notes?: string }} Order */
/** @typedef {{ days: FreeDay[], venues: FoundVenue[], own: string | null }} Alternatives `own`: the id of the guest's own booking of the day */
/**
 * @typedef {{ step: "asking" | "sending" | "login" }
 *   | { step: "done", booking: Booking }
 *   | { step: "taken", error: ApiError, alternatives: Alternatives }
 *   | { step: "limit", error: ApiError, isVerified: boolean }
 *   | { step: "failed", error: ApiError }} State
 */

const MAX_ALTERNATIVES = 3;
const TAKEN = ["date_taken", "date_not_offered"];

/** Returns the state of a request, and the function that sends it. Another order starts again. @returns {{ state: State, send: () => void }} */
export function useBooking(/** @type {Order | null} */ order) {
  const [state, setState] = useState(/** @type {State} */ ({ step: "asking" }));
  // Before the next event: Enter in a changed field sends at once.
  useLayoutEffect(() => setState({ step: "asking" }), [order?.date, order?.guests]);
  const send = async () => {
    if (!order) return;
    if (!session.value) {
      setState({ step: "login" });
      return;
    }
    setState({ step: "sending" });
    setState(await place(order));
  };
  return { state, send };
}

/** @returns {Promise<State>} */
async function place(/** @type {Order} */ order) {
  try {
    const { booking } = await create("/bookings", order, { key: wishKey(order) });
    dropWishKey(order);
    dropNotes(order.venue_id);
    reloadMonth(monthOf(order.date));
    return { step: "done", booking };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return explain(order, error);
  }
}

/** @returns {Promise<State>} */
async function explain(/** @type {Order} */ order, /** @type {ApiError} */ error) {
  if (error.status === 401) return { step: "login" };
  if (error.code === "limit_reached") return { step: "limit", error, isVerified: await isVerified() };
  if (!TAKEN.includes(error.code)) return { step: "failed", error };
  dropWishKey(order); // The first request has not arrived either.
  const [alternatives, own] = await Promise.all([readAlternatives(order), findOwn(order), reloadMonth(monthOf(order.date))]);
  return { step: "taken", error, alternatives: { ...alternatives, own } };
}

/** Returns the nearest free days and other venues. Without a response there are none: the calendar still shows free days. */
async function readAlternatives(/** @type {Order} */ { venue_id, date, guests }) {
  try {
    const { same_venue: days, same_date: venues } = await read("/venues/{venue_id}/alternatives", { parts: { venue_id }, query: { date, guests, limit: MAX_ALTERNATIVES } });
    return { days: days.sort((one, other) => one.date.localeCompare(other.date)), venues };
  } catch {
    return { days: [], venues: [] };
  }
}

/** Returns the id of the guest's own booking of the day, or null. */
async function findOwn(/** @type {Order} */ { venue_id, date }) {
  try {
    const { bookings } = await read("/bookings", {
      query: { venue_id, date_from: date, date_to: date, status: "pending,confirmed", as: session.value?.profile.is_venue_owner ? "guest" : undefined },
    });
    return bookings[0]?.id ?? null;
  } catch {
    return null;
  }
}

/** Whether the guest has confirmed the e-mail address: without that, few requests are possible. */
async function isVerified() {
  try { return (await read("/auth/me")).profile.email_verified; } catch { return true; }
}

// Changes a booking, unless another device or the guest has changed it meanwhile.
import { change, read } from "../api.js";
import { hasChangedMeanwhile } from "../bookings/conflict.js";
import { ownerWords } from "./words.js";
/** @import { Booking, BookingChange } from "../types.js" */

/**
 * Changes a booking if it still has the status that the person sees, and tells `onDone` the result. Otherwise a
 * "decline" would cancel what another device has confirmed.
 */
export async function changeAsShown(/** @type {Booking} */ shown, /** @type {BookingChange} */ body, /** @type {string} */ text, /** @type {(text: string) => void} */ onDone) {
  const parts = { booking_id: shown.id };
  try {
    const { booking } = await read("/bookings/{booking_id}", { parts });
    const isConfirmedTwice = booking.status === "confirmed" && body.status === "confirmed";
    if (booking.status !== shown.status && !isConfirmedTwice) return onDone(ownerWords.value.actions.hasChanged);
    await change("/bookings/{booking_id}", body, { parts });
    return onDone(text);
  } catch (error) {
    if (!hasChangedMeanwhile(error)) throw error;
    return onDone(ownerWords.value.actions.hasChanged);
  }
}

// The buttons that call the venue, or write to it on WhatsApp.
import { html } from "../vendor/ui.js";
import { words } from "../words.js";
import { Icon } from "../icon.js";
/** @import { Booking } from "../types.js" */

/** Returns the links of the contact that the booking has. Without a telephone number it has none. */
export const ContactLinks = (/** @type {Booking["contact"]} */ contact) => html`
  ${contact?.call_url && html`<a class="outline" href=${contact.call_url}>${Icon("phone")}${words.value.bookings.call}</a>`}
  ${contact?.whatsapp_url && html`<a class="outline" href=${contact.whatsapp_url} target="_blank" rel="noreferrer">${Icon("message-circle")}${words.value.bookings.whatsapp}</a>`}`;

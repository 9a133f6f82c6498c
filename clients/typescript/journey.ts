// The main journey with a typed client: node build/journey.js BASE_URL. Its types come from openapi.json.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./build/halls.js";

type Failure = components["schemas"]["Failure"];
type Venue = components["schemas"]["NewVenue"];

const baseUrl = process.argv[2] ?? "http://127.0.0.1:5000";
const api = createClient<paths>({ baseUrl });
const date = "2099-05-01";

/** Returns the data of a successful response. Throws the error message of a failed one. */
function must<Data>(response: { data?: { data: Data }; error?: Failure }): Data {
  if (response.data === undefined) throw new Error(response.error?.error ?? "no response");
  return response.data.data;
}

async function signUp(name: string, isOwner: boolean) {
  const body = { email: `${name}-ts@example.com`, password: "lime-kettle-harbour", is_venue_owner: isOwner };
  const session = must(await api.POST("/auth/signup", { body }));
  return { Authorization: `Bearer ${session.token}` };
}

const owner = await signUp("owner", true);
const guest = await signUp("guest", false);

const hall: Venue = {
  venue_name: "Moti Mahal",
  type: "Banquet",
  address: "12 Shahrah-e-Faisal, Karachi",
  maps_location: { lat: 24.8615, lng: 67.0099 },
  capacity: 400,
  dates_available: [date],
  pricing: { overrides: [{ date, price: 185000 }] },
};
const created = must(
  await api.POST("/venues/register", { body: hall, headers: owner, params: { header: { "Idempotency-Key": "ts-1" } } }),
);
console.log(`registered ${created.venue.venue_name}`);

const query = { date, type: "Banquet", near_lat: 24.86, near_lng: 67.01, sort: "price" } as const;
const search = must(await api.GET("/venues/search", { params: { query } }));
assert.equal(search.venues[0]?.id, created.venue_id);
assert.equal(search.venues[0]?.price, 185000);
console.log(`found it, ${search.venues[0]?.distance_km} km away`);

const order = { venue_id: created.venue_id, date, guests: 250 };
const booked = must(await api.POST("/bookings", { body: order, headers: guest }));
assert.equal(booked.booking.price_locked, 185000);
const second = await api.POST("/bookings", { body: order, headers: guest });
assert.equal(second.response.status, 409);
assert.equal(second.error?.code, "date_taken");
console.log("booked it; a second booking gets date_taken");

const path = { booking_id: booked.booking_id };
const confirmed = must(
  await api.PATCH("/bookings/{booking_id}", { params: { path }, headers: owner, body: { status: "confirmed" } }),
);
assert.equal(confirmed.booking.guest?.email, "guest-ts@example.com");
const mine = must(await api.GET("/bookings", { headers: guest, params: { query: { status: "confirmed" } } }));
assert.deepEqual(mine.bookings.map((booking) => booking.id), [booked.booking_id]);
must(await api.DELETE("/bookings/{booking_id}", { params: { path }, headers: guest }));

const free = must(
  await api.GET("/venues/{venue_id}/availability", { params: { path: { venue_id: created.venue_id }, query: { date } } }),
);
assert.equal(free.available, true);
console.log("confirmed and cancelled it; the date is free");

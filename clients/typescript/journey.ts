// The main journey with a typed client: node build/journey.js BASE_URL. Its types come from openapi.json.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./build/halls.js";

type Failure = components["schemas"]["Failure"];
type Venue = components["schemas"]["NewVenue"];

const baseUrl = process.argv[2] ?? "http://127.0.0.1:5000";
const api = createClient<paths>({ baseUrl });
const date = "2099-05-01";

/** Returns what a success holds; fails with the refusal's own sentence. */
function must<Data>(answer: { data?: { data: Data }; error?: Failure }): Data {
  if (answer.data === undefined) throw new Error(answer.error?.error ?? "no answer");
  return answer.data.data;
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
const listed = must(
  await api.POST("/venues/register", { body: hall, headers: owner, params: { header: { "Idempotency-Key": "ts-1" } } }),
);
console.log(`listed ${listed.venue.venue_name}`);

const query = { date, type: "Banquet", near_lat: 24.86, near_lng: 67.01, sort: "price" } as const;
const found = must(await api.GET("/venues/search", { params: { query } }));
assert.equal(found.venues[0]?.id, listed.venue_id);
assert.equal(found.venues[0]?.price, 185000);
console.log(`found it, ${found.venues[0]?.distance_km} km away`);

const order = { venue_id: listed.venue_id, date, guests: 250 };
const booked = must(await api.POST("/bookings", { body: order, headers: guest }));
assert.equal(booked.booking.price_locked, 185000);
const rival = await api.POST("/bookings", { body: order, headers: guest });
assert.equal(rival.response.status, 409);
assert.equal(rival.error?.code, "date_taken");
console.log("booked it; a rival is told that the date is taken");

const path = { booking_id: booked.booking_id };
const confirmed = must(
  await api.PATCH("/bookings/{booking_id}", { params: { path }, headers: owner, body: { status: "confirmed" } }),
);
assert.equal(confirmed.booking.guest?.email, "guest-ts@example.com");
const mine = must(await api.GET("/bookings", { headers: guest, params: { query: { status: "confirmed" } } }));
assert.deepEqual(mine.bookings.map((booking) => booking.id), [booked.booking_id]);
must(await api.DELETE("/bookings/{booking_id}", { params: { path }, headers: guest }));

const free = must(
  await api.GET("/venues/{venue_id}/availability", { params: { path: { venue_id: listed.venue_id }, query: { date } } }),
);
assert.equal(free.available, true);
console.log("confirmed, cancelled, and free again");

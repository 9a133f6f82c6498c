-- The tables of the safe peer (safe.py). Ids and days are text, as in the JSON of Halls.
CREATE TABLE accounts (
  id text PRIMARY KEY,
  full_name text,
  contact_number text,
  token_version int NOT NULL
);
CREATE TABLE venues (
  id text PRIMARY KEY,
  owner_id text NOT NULL REFERENCES accounts,
  venue_name text NOT NULL,
  address text NOT NULL,
  type text NOT NULL,
  capacity int NOT NULL,
  lng float8 NOT NULL,
  lat float8 NOT NULL,
  picture text,
  is_open boolean NOT NULL
);
-- One row for each date that a venue offers. An order locks its row.
CREATE TABLE offered_dates (
  venue_id text NOT NULL REFERENCES venues,
  date text NOT NULL,
  price int,
  PRIMARY KEY (venue_id, date)
);
CREATE TABLE bookings (
  id text PRIMARY KEY,
  venue_id text NOT NULL REFERENCES venues,
  date text NOT NULL,
  -- The deletion of an account waits for its orders, and the order of a deleted account fails.
  user_id text REFERENCES accounts,
  guests int NOT NULL,
  status text NOT NULL,
  price_locked int,
  notes text,
  hold_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_active_booking_per_date ON bookings (venue_id, date) WHERE status IN ('pending', 'confirmed');
CREATE INDEX bookings_of_guest ON bookings (user_id, date);
CREATE TABLE history (
  booking_id text NOT NULL REFERENCES bookings,
  seq int NOT NULL,
  at timestamptz NOT NULL,
  type text NOT NULL,
  by text NOT NULL,
  changes jsonb NOT NULL,
  -- Until a worker has sent the e-mails of the change.
  unprocessed boolean NOT NULL DEFAULT true,
  PRIMARY KEY (booking_id, seq)
);
CREATE INDEX unprocessed_history ON history (at) WHERE unprocessed;
CREATE TABLE idempotency_keys (
  account_id text NOT NULL REFERENCES accounts,
  key text NOT NULL,
  body_hash text NOT NULL,
  answer jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, key)
);

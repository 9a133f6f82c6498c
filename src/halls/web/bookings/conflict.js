// Whether a booking changed while its page was open, for example because the venue declined it.
import { ApiError } from "../api.js";

export const hasChangedMeanwhile = (/** @type {unknown} */ error) => error instanceof ApiError && error.code === "bad_transition";

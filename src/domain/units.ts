/**
 * Units as types. Plain numbers are assignable to a unit, but one unit is not assignable to another, so that
 * cents never stand where basis points belong.
 */
declare const unit: unique symbol
declare const name: unique symbol

/** Money in minor units, integer, |x| <= 2 * 10^12. */
export type Cents = number & { readonly [unit]?: 'cents' }
/** Basis points, integer; 100 bps are one percent. */
export type Bps = number & { readonly [unit]?: 'bps' }
/** Parts per million, integer. */
export type Ppm = number & { readonly [unit]?: 'ppm' }
export type Seconds = number & { readonly [unit]?: 'seconds' }

/** `sha256:<64 hex digits>`. */
export type Digest = string & { readonly [name]?: 'digest' }
/** UTC ISO-8601 with milliseconds, such as `2026-11-22T14:00:00.000Z`. */
export type Instant = string & { readonly [name]?: 'instant' }
export type CandidateId = string & { readonly [name]?: 'candidate' }
export type ActorId = string & { readonly [name]?: 'actor' }
/** A number given to a policy once and never again; starts at 1. */
export type PolicyVersion = number & { readonly [unit]?: 'policyVersion' }

/** Anything that has exactly one RFC 8785 form here: no floats, integers within 2^53 - 1, text for larger ones. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

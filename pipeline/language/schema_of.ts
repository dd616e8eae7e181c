/** Holds a schema to the type that says what its leaves are, leaf by leaf, when the code is compiled. @module */
import type { Schema } from "./schema.ts";

/** Every leaf may be left out. */
export type DeepPartial<T> = T extends readonly unknown[] ? T
  : T extends object ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
  : T;

type OutputOf<S extends Schema<unknown>> = NonNullable<S["~standard"]["types"]>["output"];
type InputOf<S extends Schema<unknown>> = NonNullable<S["~standard"]["types"]>["input"];

/** What leaves are, whether they may be left out or not. */
type Leaves<T> = T extends readonly unknown[] ? Frozen<T>
  : T extends object ? { readonly [K in keyof T]-?: Leaves<Exclude<T[K], undefined>> }
  : T;

/** What is made by a schema may be changed, what is written for it need not be. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** The leaves that one of two alone has, or that are of two types. */
type Differing<A, B> = {
  [K in keyof A | keyof B]: K extends keyof A & keyof B
    ? [Leaves<A[K]>, Leaves<B[K]>] extends [Leaves<B[K]>, Leaves<A[K]>] ? never : K
    : K;
}[keyof A | keyof B];

/** What nothing is of: the compiler's message shows it. */
type Wrong<Names> = { readonly "schema and type differ in": Names };

/** Anything, if a schema makes an `Output` of an `Input`, and has their leaves; else {@linkcode Wrong}. */
type Checked<S extends Schema<unknown>, Output, Input> =
  [Differing<OutputOf<S>, Output> | Differing<InputOf<S>, Input>] extends [never]
    ? [OutputOf<S>, Input] extends [Output, Frozen<InputOf<S>>] ? unknown
    : Wrong<"what may be left out">
    : Wrong<Differing<OutputOf<S>, Output> | Differing<InputOf<S>, Input>>;

/**
 * Says what a schema makes of what. That is checked: each leaf of the type is in the schema, of its own type, and none more.
 * In the type of what is returned nothing is left of the schema's library, so that a public stage or method names none.
 *
 * @typeParam Output What a stage or a method gets.
 * @typeParam Input What an experiment writes; what is left out has a default; unless told, all of it may be.
 * @example
 * ```ts
 * import { z } from "zod";
 *
 * interface Options {
 *   readonly weight: number;
 * }
 * const options = schemaOf<Options>()(z.strictObject({ weight: z.number().default(1) }));
 * ```
 */
export function schemaOf<Output, Input = DeepPartial<Output>>(): <S extends Schema<unknown>>(
  schema: S & Checked<S, Output, Input>,
) => Schema<Output, Input> {
  return (schema: Schema<unknown>) => schema as Schema<Output, Input>;
}

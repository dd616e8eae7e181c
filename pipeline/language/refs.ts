/** Typed references: outputs that do not exist yet. All that the type checker knows of the data flow is here. @module */
import type { ArtifactKind, ValueOf } from "./artifact.ts";

/**
 * An output of a stage that nobody has paid for yet. Invariant in `T`: a reference to samples is no reference to images,
 * even where every sample would do as an image, since a mask must not slip along.
 */
export interface Ref<in out T> {
  /** The node that will make it. */
  readonly node: RefNode;
  /** Which of the node's outputs it is. */
  readonly output: string;
  /** Carries the type; there is nothing at run time. */
  readonly "~type": (value: T) => T;
}

/** What a reference knows of its node. */
export interface RefNode {
  /** Instance id. */
  readonly id: string;
}

/** Stands for a stage with exactly one output; the record of its references is accepted where that one is wanted. */
export interface Single<in out T> {
  /** Carries the type; there is nothing at run time. */
  readonly "~single": (value: T) => T;
}

/** The outputs of a stage, by name. */
export type OutputKinds = Readonly<Record<string, ArtifactKind<unknown>>>;

/** The inputs of a stage, by name: kinds, or groups of kinds. */
export type InputKinds = Readonly<Record<string, ArtifactKind<unknown> | OutputKinds>>;

/** Whether a union has exactly one member. */
export type IsOne<K, All = K> = [K] extends [never] ? false
  : K extends unknown ? ([All] extends [K] ? true : false)
  : never;

/** What calling a stage gives: one reference an output. */
export type Refs<O extends OutputKinds> =
  & { readonly [K in keyof O]: Ref<ValueOf<O[K]>> }
  & (IsOne<keyof O> extends true ? Single<ValueOf<O[keyof O]>> : unknown);

/** What an input of one kind accepts: a reference, or the record of a stage with this one output. */
export type Wire<T> = Ref<T> | Single<T>;

/** What calling a stage wants for its inputs. */
export type Wires<I extends InputKinds> = {
  readonly [K in keyof I]: I[K] extends ArtifactKind<infer T> ? Wire<T>
    : { readonly [G in keyof I[K]]: Wire<ValueOf<I[K][G]>> };
};

/** The values a stage's `run` gets. */
export type InputValues<I extends InputKinds> = {
  readonly [K in keyof I]: I[K] extends ArtifactKind<infer T> ? T
    : { readonly [G in keyof I[K]]: ValueOf<I[K][G]> };
};

/** The values a stage's `run` returns. */
export type OutputValues<O extends OutputKinds> = { readonly [K in keyof O]: ValueOf<O[K]> };

/** Whether an input is one kind rather than a group of kinds. */
export function isKind(input: ArtifactKind<unknown> | OutputKinds): input is ArtifactKind<unknown> {
  return typeof (input as { read?: unknown }).read === "function";
}

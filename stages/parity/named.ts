/** Networks by the names that a case's file has for them: what is hashed, compared and looked up goes by these. @module */
import type { BoundMethod } from "../methods/bound_method.ts";
import type { Step } from "../methods/step.ts";

/**
 * A method of one network, which is called otherwise.
 *
 * @param name As the file calls it.
 * @throws {Error} If the method has several networks, or schedules, which are named after them.
 */
export function named(method: BoundMethod, name: string): BoundMethod {
  const [own, ...others] = Object.keys(method.networks) as [string, ...string[]];
  if (others.length > 0 || Object.keys(method.averages).length > 0) {
    throw new Error(`Cannot call a network "${name}": the method has ${[own, ...others].join(", ")}`);
  }
  const calls = (step: Step): Step =>
    new Proxy(step, {
      get(target, key: keyof Step) {
        const found: unknown = target[key];
        if (typeof found !== "function") return found;
        return (first: unknown, ...rest: unknown[]) => found(first === own ? name : first, ...rest);
      },
    });
  return {
    ...method,
    networks: { [name]: method.networks[own]! },
    frozenNorms: new Set(method.frozenNorms.has(own) ? [name] : []),
    predictions: Object.fromEntries(
      Object.keys(method.predictions).map((prediction) => [prediction, [name]]),
    ),
    terms: (step) => method.terms(calls(step)),
    warmUp: (step) => method.warmUp(calls(step)),
  };
}

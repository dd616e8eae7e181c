/**
 * ONNX models, as bytes: of the format's messages those that a network needs, by onnx.proto of ONNX 1.12 (opset 17). A library
 * writes the wire format; the messages are written here, as a whole library of them would hold the weights several times.
 *
 * @module
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** Version of the set of operators. */
export const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1, INT64 = 7;
/** Wire types. */
const VARINT = 0, BYTES = 2, FIXED32 = 5;

/** What an operator is told beside its inputs. */
export type Attributes = Readonly<
  Record<string, string | number | readonly number[] | { readonly float: number }>
>;

/** An input or output of the model: f32, its extents by number or by name. */
export interface Port {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/** Collects operators and constants, and writes them. */
export class OnnxModel {
  readonly #nodes: Uint8Array[] = [];
  /** By name: each is written once. */
  readonly #constants = new Map<string, Uint8Array>();
  #named = 0;

  /**
   * Adds an operator with one output.
   *
   * @param operator Its type, e.g. `Conv`.
   * @param inputs Names of values; empty for one that is left out.
   * @param output Name of its output; a new one unless told.
   * @returns The output's name.
   */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    output = `${operator.toLowerCase()}_${this.#named++}`,
  ): string {
    const node = new BinaryWriter();
    for (const input of inputs) node.tag(1, BYTES).string(input);
    node.tag(2, BYTES).string(output).tag(3, BYTES).string(output).tag(4, BYTES).string(operator);
    for (const [name, value] of Object.entries(attributes)) node.tag(5, BYTES).bytes(attribute(name, value));
    this.#nodes.push(node.finish());
    return output;
  }

  /** A constant of floats, little-endian; one of a name is one. */
  floats(name: string, shape: readonly number[], values: Float32Array<ArrayBuffer>): string {
    return this.#constant(
      name,
      shape,
      FLOAT,
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }

  /** A vector of whole numbers, or with no extents a scalar. */
  integers(name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(name, shape, INT64, bytes);
  }

  #constant(name: string, shape: readonly number[], type: number, raw: Uint8Array): string {
    if (this.#constants.has(name)) return name;
    const tensor = new BinaryWriter();
    for (const extent of shape) tensor.tag(1, VARINT).int64(extent);
    tensor.tag(2, VARINT).int32(type).tag(8, BYTES).string(name).tag(9, BYTES).bytes(raw);
    this.#constants.set(name, tensor.finish());
    return name;
  }

  /**
   * The model's bytes.
   *
   * @param name Of the graph.
   * @param metadata Texts that go with it.
   */
  encode(
    name: string,
    { inputs, outputs, metadata = {} }: {
      readonly inputs: readonly Port[];
      readonly outputs: readonly Port[];
      readonly metadata?: Readonly<Record<string, string>>;
    },
  ): Uint8Array<ArrayBuffer> {
    const graph = new BinaryWriter();
    for (const node of this.#nodes) graph.tag(1, BYTES).bytes(node);
    graph.tag(2, BYTES).string(name);
    for (const constant of this.#constants.values()) graph.tag(5, BYTES).bytes(constant);
    for (const port of inputs) graph.tag(11, BYTES).bytes(portBytes(port));
    for (const port of outputs) graph.tag(12, BYTES).bytes(portBytes(port));
    const model = new BinaryWriter();
    model.tag(1, VARINT).int64(IR_VERSION).tag(2, BYTES).string("crossview").tag(7, BYTES).bytes(
      graph.finish(),
    );
    model.tag(8, BYTES).fork().tag(1, BYTES).string("").tag(2, VARINT).int64(OPSET).join();
    for (const [key, value] of Object.entries(metadata)) {
      model.tag(14, BYTES).fork().tag(1, BYTES).string(key).tag(2, BYTES).string(value).join();
    }
    return model.finish();
  }
}

function attribute(name: string, value: Attributes[string]): Uint8Array {
  const writer = new BinaryWriter().tag(1, BYTES).string(name);
  const typed = (type: number) => writer.tag(20, VARINT).int32(type).finish();
  if (typeof value === "string") {
    writer.tag(4, BYTES).string(value);
    return typed(3);
  }
  if (typeof value === "number") {
    writer.tag(3, VARINT).int64(value);
    return typed(2);
  }
  if ("float" in value) {
    writer.tag(2, FIXED32).float(value.float);
    return typed(1);
  }
  for (const integer of value) writer.tag(8, VARINT).int64(integer);
  return typed(7);
}

function portBytes({ name, shape }: Port): Uint8Array {
  const writer = new BinaryWriter().tag(1, BYTES).string(name);
  writer.tag(2, BYTES).fork().tag(1, BYTES).fork().tag(1, VARINT).int32(FLOAT).tag(2, BYTES).fork();
  for (const extent of shape) {
    writer.tag(1, BYTES).fork();
    if (typeof extent === "number") writer.tag(1, VARINT).int64(extent);
    else writer.tag(2, BYTES).string(extent);
    writer.join();
  }
  return writer.join().join().join().finish();
}

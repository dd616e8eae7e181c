/** The globals that a pickle of weights may name, and what stands for each; Python's own are never reached. @module */
import { DATA_TYPES, dataType, type DataTypeName, isDataTypeName } from "../dtypes.ts";
import { WeightsError } from "../errors.ts";
import { Global, Opaque, StorageRef, TensorRef, Tuple, type Value } from "./values.ts";

/** Most axes of a tensor, as in PyTorch. */
const MOST_AXES = 64;

type Make = (args: readonly Value[]) => Value;

/** Dictionaries of several kinds, with the pairs they are made of. */
const dictionary: Make = (args) => {
  const pairs = args.find((arg) => Array.isArray(arg) || arg instanceof Map) as
    | Value[]
    | Map<Value, Value>
    | undefined;
  if (pairs instanceof Map) return new Map(pairs);
  return new Map((pairs ?? []).map((pair) => {
    const items = pair instanceof Tuple ? pair.items : pair;
    if (!Array.isArray(items) || items.length !== 2) throw malformed("collections.OrderedDict");
    return [items[0]!, items[1]!];
  }));
};

const rebuildTensor: Make = ([storage, offset, shape, strides]) =>
  makeTensor(storage, offset, shape, strides);

const makers: Readonly<Record<string, Make>> = {
  "collections.OrderedDict": dictionary,
  "collections.defaultdict": dictionary,
  "collections.Counter": dictionary,
  "builtins.dict": dictionary,
  "__builtin__.dict": dictionary,
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_tensor_v3": ([storage, offset, shape, strides, , , dtype]) =>
    makeTensor(storage, offset, shape, strides, dtype),
  "torch._utils._rebuild_parameter": ([data]) => tensorOf(data, "torch._utils._rebuild_parameter"),
  "torch._utils._rebuild_parameter_with_state": ([data]) =>
    tensorOf(data, "torch._utils._rebuild_parameter_with_state"),
  "torch._tensor._rebuild_from_type": rebuildFromType,
  "torch._tensor._rebuild_from_type_v2": rebuildFromType,
  "torch.tensor._rebuild_from_type": rebuildFromType,
  "torch.Size": ([items]) => items instanceof Tuple ? items : new Tuple(Array.isArray(items) ? items : []),
};

/** Types that tensors may be of; they stand for themselves. */
const types = new Set([
  "torch.Tensor",
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
  "torch.storage.UntypedStorage",
  "torch.storage._UntypedStorage",
  "torch.UntypedStorage",
  "torch._UntypedStorage",
]);

/** What checkpoints hold besides weights: nothing of it is needed, and nothing of it is kept. */
const shut = new Set([
  "torch.device",
  "torch.torch_version.TorchVersion",
  "torch.contiguous_format",
  "torch.channels_last",
  "torch.preserve_format",
  "torch.strided",
  "_codecs.encode",
  "argparse.Namespace",
  "types.SimpleNamespace",
  "collections.deque",
  "copyreg._reconstructor",
  "copy_reg._reconstructor",
  ...["date", "datetime", "time", "timedelta", "timezone"].map((name) => `datetime.${name}`),
  ...["pathlib", "pathlib._local"].flatMap((module) =>
    ["Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath"].map((name) =>
      `${module}.${name}`
    )
  ),
  ...["builtins", "__builtin__"].flatMap((module) =>
    [
      "set",
      "frozenset",
      "complex",
      "bytearray",
      "bytes",
      "slice",
      "range",
      "xrange",
      "list",
      "tuple",
      "int",
      "long",
      "float",
      "bool",
      "str",
      "unicode",
      "object",
    ]
      .map((name) => `${module}.${name}`)
  ),
  "numpy.dtype",
  "numpy.ndarray",
  ...["numpy.core.multiarray", "numpy._core.multiarray"].flatMap((module) =>
    ["scalar", "_reconstruct"].map((name) => `${module}.${name}`)
  ),
  ...["numpy.core.numeric", "numpy._core.numeric"].map((module) => `${module}._frombuffer`),
]);
const shutPattern =
  /^numpy\.dtypes\.\w+DType$|^numpy\.(bool_?|u?int(8|16|32|64)|float(16|32|64)|str_|bytes_)$/;

/**
 * A global by module and name.
 *
 * @throws {WeightsError} If it is not on the list, naming it.
 */
export function findGlobal(module: string, name: string): Global {
  const full = `${module}.${name}`;
  const known = Object.hasOwn(makers, full) || types.has(full) || shut.has(full) || shutPattern.test(full) ||
    storageType(full) !== undefined || dtypeOf(full) !== undefined;
  if (known) return new Global(full);
  throw new WeightsError(
    `its pickle names "${
      full.slice(0, 200)
    }", which no weights need; nothing of it was run. Where it was made from a whole model, ` +
      "save model.state_dict() with PyTorch instead",
  );
}

/** What calling a global gives: of what is on the list, and without calling anything. */
export function construct({ name }: Global, args: readonly Value[]): Value {
  if (Object.hasOwn(makers, name)) return makers[name]!(args);
  if (shut.has(name) || shutPattern.test(name)) return new Opaque(name);
  throw new WeightsError(`its pickle calls "${name}", which is only ever named`);
}

/** What giving state to an object leaves: attributes of dictionaries, tensors and shut objects are not needed. */
export function build(target: Value, _state: Value): Value {
  if (target instanceof Map || target instanceof TensorRef || target instanceof Opaque) return target;
  throw new WeightsError("its pickle is damaged: it gives state to what has none");
}

/**
 * The element type of a storage class; null for an untyped storage; undefined for anything else.
 *
 * @param name E.g. `torch.FloatStorage`, `torch.cuda.HalfStorage`, `torch.storage.UntypedStorage`.
 */
export function storageType(name: string): DataTypeName | null | undefined {
  if (/^torch\.(storage\.)?_?UntypedStorage$/.test(name)) return null;
  const kind = /^torch\.(?:cuda\.)?(\w+)Storage$/.exec(name)?.[1];
  if (kind === undefined) return undefined;
  return (Object.keys(DATA_TYPES) as DataTypeName[]).find((dtype) => dataType(dtype).storage === kind);
}

const dtypeSynonyms: Readonly<Record<string, DataTypeName>> = {
  half: "float16",
  float: "float32",
  double: "float64",
  long: "int64",
  int: "int32",
  short: "int16",
  cfloat: "complex64",
  cdouble: "complex128",
};

function dtypeOf(name: string): DataTypeName | undefined {
  const short = /^torch\.(\w+)$/.exec(name)?.[1];
  if (short === undefined) return undefined;
  if (isDataTypeName(short)) return short;
  return Object.hasOwn(dtypeSynonyms, short) ? dtypeSynonyms[short] : undefined;
}

function rebuildFromType(args: readonly Value[]): Value {
  const [rebuild, type, given] = args;
  if (!(rebuild instanceof Global) || !(type instanceof Global) || !(given instanceof Tuple)) {
    throw malformed("torch._tensor._rebuild_from_type_v2");
  }
  if (!types.has(type.name) || rebuild.name.includes("_rebuild_from_type")) {
    throw new WeightsError(`its pickle has a tensor of the type "${type.name}", which is not known`);
  }
  return tensorOf(construct(rebuild, given.items), rebuild.name);
}

function tensorOf(value: Value | undefined, by: string): TensorRef {
  if (value instanceof TensorRef) return value;
  throw malformed(by);
}

/** A tensor, held against its storage: a file cannot make anything outside of it be read. */
function makeTensor(
  storage: Value | undefined,
  offset: Value | undefined,
  size: Value | undefined,
  stride: Value | undefined,
  type?: Value,
): TensorRef {
  const shape = extents(size), strides = extents(stride);
  if (!(storage instanceof StorageRef) || !isExtent(offset) || !shape || strides?.length !== shape.length) {
    throw malformed("torch._utils._rebuild_tensor_v2");
  }
  const dtype = type instanceof Global ? dtypeOf(type.name) : storage.dtype;
  if (dtype === undefined) {
    throw new WeightsError("its pickle has a tensor without an element type that is known");
  }
  const { bytes } = DATA_TYPES[dtype];
  const unit = storage.dtype === undefined ? 1 : DATA_TYPES[storage.dtype].bytes;
  const held = Math.floor(storage.length * unit / bytes), first = storage.first * unit / bytes;
  const empty = shape.includes(0);
  const end = empty
    ? offset
    : shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, offset + 1);
  if (end > held || !Number.isSafeInteger(first)) {
    throw new WeightsError(
      `its pickle has a tensor [${shape}] of strides [${strides}] from element ${offset} on, which needs ${end} elements ` +
        `of a storage of ${held}`,
    );
  }
  return new TensorRef(storage, dtype, first + offset, shape, strides);
}

function extents(value: Value | undefined): number[] | undefined {
  const items = value instanceof Tuple ? value.items : value;
  if (!Array.isArray(items)) return undefined;
  if (items.length > MOST_AXES) {
    throw new WeightsError(
      `its pickle has a tensor of ${items.length} axes, and ${MOST_AXES} is the most there may be`,
    );
  }
  return items.every(isExtent) ? items as number[] : undefined;
}

/** Whether a value is a size or an offset. */
export function isExtent(value: Value | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function malformed(by: string): WeightsError {
  return new WeightsError(`its pickle is damaged: "${by}" is given what it cannot take`);
}

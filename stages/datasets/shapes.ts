/**
 * `shapes`: a generated data set of textured, lit, overlapping objects.
 *
 * The class is decided by an object's outline. Texture, size, pose, light and background are drawn from the same laws for
 * every class; color hints at the class as often as is asked for. Classes are equally frequent, even in a dozen scenes, but a
 * dozen do not cover what varies.
 */
import { RandomStream } from "../../kernels/random.ts";
import { type Outline, outlineCount, posedOutline } from "./shapes_outline.ts";
import {
  anyColor,
  type Color,
  gaussianNoise,
  mix,
  type Palette,
  randomColor,
  randomTexture,
  smoothNoise,
  type Texture,
} from "./shapes_texture.ts";

/** One generated picture and its truth. */
export interface ShapesScene {
  /** size × size × 3, 0–255. */
  readonly image: Uint8Array;
  /** size × size labels of `shapesClasses`; hard edges, decided at pixel centers. */
  readonly mask: Uint8Array;
}

interface SceneObject {
  readonly label: number;
  readonly outline: Outline;
  readonly texture: Texture;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly shadow: number;
}

/** Objects of a scene; a divisor of the number of classes. */
const OBJECTS = 2;
/** Sides of the grid of points within a pixel whose colors are averaged. */
const supersampling = 2;

/**
 * Draws scene `index` of the data set named by `seed`.
 *
 * @param seed Integer in [0, 2³²).
 * @param index Number of the scene, from 0.
 * @param size Side in pixels, 16 at least.
 * @param variety 0–1: how strongly textures, clutter, light and camera vary. At 0 objects and ground are nearly plain.
 * @param hint 0–1: how often an object has a color that its class prefers, and how muted the ground is. At 0 the outline alone
 *   tells the class.
 */
export function drawShapesScene(
  seed: number,
  index: number,
  size: number,
  variety = 1,
  hint = 0,
): ShapesScene {
  const stream = (name: string) => new RandomStream({ seed, stream: `shapes ${name}`, sample: index });
  const layout = stream("layout"), surface = stream("surface"), camera = stream("camera");
  const ground = background(stream("background"), size, variety, hint);
  const objects = placeObjects(labelsOf(seed, index), layout, surface, size, variety, hint);
  const lightAngle = camera.uniformBetween(0, 2 * Math.PI);
  const light = [Math.cos(lightAngle), Math.sin(lightAngle)] as const;
  const lightStrength = camera.uniformBetween(0.1, 0.45);
  const shadowLength = camera.uniformBetween(0.02, 0.07) * size, shadowSoftness = 0.045 * size;

  const mask = new Uint8Array(size * size);
  const linear = new Float64Array(size * size * 3);
  const step = 1 / supersampling, weight = step * step;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const pixel = row * size + column;
      for (const object of objects) {
        if (object.outline(column + 0.5, row + 0.5) <= 0) mask[pixel] = object.label;
      }
      for (let part = 0; part < supersampling ** 2; part++) {
        const x = column + ((part % supersampling) + 0.5) * step;
        const y = row + (Math.floor(part / supersampling) + 0.5) * step;
        const color = colorAt(x, y);
        for (let channel = 0; channel < 3; channel++) {
          linear[pixel * 3 + channel]! += color[channel]! * weight;
        }
      }
    }
  }
  return { image: develop(camera, linear, size, variety), mask };

  /** Whether object or shadow can reach a point: no outline goes beyond 1.2 radii. */
  function mayTouch(object: SceneObject, x: number, y: number): boolean {
    const reach = 1.2 * object.radius + shadowLength + shadowSoftness;
    return (x - object.x) ** 2 + (y - object.y) ** 2 < reach * reach;
  }

  function covers(object: SceneObject, x: number, y: number): boolean {
    return mayTouch(object, x, y) && object.outline(x, y) <= 0;
  }

  /** The color of the topmost thing at a point, with the shadows that lie on it. */
  function colorAt(x: number, y: number): Color {
    let top = objects.length - 1;
    while (top >= 0 && !covers(objects[top]!, x, y)) top--;
    let color = top < 0 ? ground(x, y) : surfaceAt(objects[top]!, x, y);
    for (const object of objects.slice(top + 1)) {
      if (!mayTouch(object, x, y)) continue;
      const reach = object.outline(x + light[0] * shadowLength, y + light[1] * shadowLength);
      const dark = object.shadow * Math.max(0, Math.min(1, 0.5 - reach / shadowSoftness));
      color = [color[0] * (1 - dark), color[1] * (1 - dark), color[2] * (1 - dark)];
    }
    return color;
  }

  /** Lit like a dome: the surface tilts away from the center, and more steeply near the outline. */
  function surfaceAt(object: SceneObject, x: number, y: number): Color {
    const tilt = ((x - object.x) * light[0] + (y - object.y) * light[1]) / object.radius;
    const rim = Math.max(0, 1 + object.outline(x, y) / (0.12 * object.radius));
    const shade = 1 + lightStrength * tilt - 0.18 * rim * rim;
    const [red, green, blue] = object.texture(x, y);
    return [red * shade, green * shade, blue * shade];
  }
}

/** What a scene shows: two classes. Three scenes, from the first on, hold every class once. */
function labelsOf(seed: number, index: number): number[] {
  const scenes = outlineCount / OBJECTS, turn = Math.floor(index / scenes), first = index % scenes * OBJECTS;
  const deck = new RandomStream({ seed, stream: "shapes labels", sample: turn }).shuffle(outlineCount);
  return Array.from(deck.subarray(first, first + OBJECTS), (drawn) => drawn + 1);
}

/** Far objects first; each may hide part of those before it. */
function placeObjects(
  labels: readonly number[],
  layout: RandomStream,
  surface: RandomStream,
  size: number,
  variety: number,
  hint: number,
): SceneObject[] {
  return labels.map((label) => {
    const radius = size * layout.uniformBetween(0.2, 0.36);
    const x = layout.uniformBetween(0.08, 0.92) * size, y = layout.uniformBetween(0.08, 0.92) * size;
    const outline = posedOutline(layout, label, x, y, radius);
    const hinted = surface.uniform() < hint;
    const palette = hinted ? classPalette(label) : anyColor;
    const texture = randomTexture(surface, size * surface.uniformBetween(0.06, 0.16), variety, palette);
    return { label, outline, texture, x, y, radius, shadow: surface.uniformBetween(0.2, 0.6) };
  });
}

/** The hues that a class prefers: evenly spaced, each reaching a little into its neighbors. */
function classPalette(label: number): Palette {
  const center = (6 * (label - 1)) / outlineCount;
  return { hue: { center, spread: 0.25 }, saturation: [0.55, 0.95], value: [0.4, 0.95] };
}

/** A texture under a gradient of two colors, with clutter: lines and specks that belong to no class. */
function background(random: RandomStream, size: number, variety: number, hint: number): Texture {
  const palette: Palette = { ...anyColor, saturation: [0, 0.95 - 0.75 * hint] };
  const texture = randomTexture(random, size * random.uniformBetween(0.1, 0.4), variety, palette);
  const far = randomColor(random, palette), share = random.uniformBetween(0.3, 0.75);
  const angle = random.uniformBetween(0, 2 * Math.PI);
  const cos = Math.cos(angle) / size, sin = Math.sin(angle) / size;
  const clouds = smoothNoise(random, size * 0.3, 2);
  const strokes = Array.from({ length: random.integer(0, Math.round(3 * variety)) }, () => {
    const turn = random.uniformBetween(0, Math.PI), half = size * random.uniformBetween(0.05, 0.3);
    return {
      x: random.uniform() * size,
      y: random.uniform() * size,
      cos: Math.cos(turn),
      sin: Math.sin(turn),
      half,
      width: size * random.uniformBetween(0.006, 0.02),
      color: randomColor(random),
    };
  });
  return (x, y) => {
    const slope = Math.max(0, Math.min(1, 0.5 + (x - size / 2) * cos + (y - size / 2) * sin));
    let color = mix(texture(x, y), far, share * slope);
    const cloud = 1 + 0.12 * clouds(x, y);
    color = [color[0] * cloud, color[1] * cloud, color[2] * cloud];
    for (const stroke of strokes) {
      const along = (x - stroke.x) * stroke.cos + (y - stroke.y) * stroke.sin;
      const aside = Math.abs((y - stroke.y) * stroke.cos - (x - stroke.x) * stroke.sin);
      if (Math.abs(along) < stroke.half && aside < stroke.width) color = mix(color, stroke.color, 0.8);
    }
    return color;
  };
}

/** What a camera does: color cast, contrast, brightness, a little blur, noise, and rounding to 8 bits. */
function develop(random: RandomStream, linear: Float64Array, size: number, variety: number): Uint8Array {
  // From noon to dusk the light's strength spans a factor of three, and colors fade with it or not.
  const exposure = Math.exp(variety * random.uniformBetween(Math.log(0.45), Math.log(1.35)));
  const vividness = 1 + variety * random.uniformBetween(-0.65, 0.2);
  const cast = [0, 1, 2].map(() => exposure * (1 + variety * random.uniformBetween(-0.12, 0.12)));
  const contrast = 1 + variety * random.uniformBetween(-0.25, 0.2);
  const brightness = variety * random.uniformBetween(-0.12, 0.12);
  const blur = variety * Math.max(0, random.uniformBetween(-0.6, 0.7)) * size / 64;
  const noise = 0.005 + variety * random.uniformBetween(0, 0.035);
  const soft = blur > 0.2 ? blurred(linear, size, blur) : linear;
  const image = new Uint8Array(linear.length);
  for (let i = 0; i < image.length; i++) {
    const pixel = i - (i % 3);
    const gray = 0.299 * soft[pixel]! + 0.587 * soft[pixel + 1]! + 0.114 * soft[pixel + 2]!;
    const color = (gray + vividness * (soft[i]! - gray)) * cast[i % 3]!;
    const value = (color - 0.5) * contrast + 0.5 + brightness + noise * gaussianNoise(random);
    image[i] = Math.round(255 * Math.max(0, Math.min(1, value)));
  }
  return image;
}

/** Gaussian blur by two passes; edges repeat. */
function blurred(values: Float64Array, size: number, sigma: number): Float64Array {
  const reach = Math.ceil(2.5 * sigma);
  const taps = Array.from(
    { length: 2 * reach + 1 },
    (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  const pass = (from: Float64Array, dx: number, dy: number) => {
    const to = new Float64Array(from.length);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        taps.forEach((tap, i) => {
          const u = Math.max(0, Math.min(size - 1, x + (i - reach) * dx));
          const v = Math.max(0, Math.min(size - 1, y + (i - reach) * dy));
          for (let c = 0; c < 3; c++) {
            to[(y * size + x) * 3 + c]! += from[(v * size + u) * 3 + c]! * tap / total;
          }
        });
      }
    }
    return to;
  };
  return pass(pass(values, 1, 0), 0, 1);
}

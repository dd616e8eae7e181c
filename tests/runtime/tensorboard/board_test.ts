/** A run's event files: of trainings that are told live, that are stopped, and that come out of the cache. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { augment, ccvc, coTrain, evaluate, load, pipeline } from "../../../mod.ts";
import { train } from "../../../library.ts";
import type { PipelineEvent } from "../../../pipeline/mod.ts";
import { decodePng } from "../../../stages/codecs/png.ts";
import type { TrainingEvent } from "../../../stages/training/progress.ts";
import { Board, boardName } from "../../../runtime/tensorboard/board.ts";
import { boardRuns, folderEvents, readSeries } from "../../support/event_files.ts";
import { gpuTest } from "../../support/gpu.ts";

async function inFolder(body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const told = (data: TrainingEvent, node = "co-train"): PipelineEvent => ({
  type: "progress",
  node,
  data: { ...data },
});
const reading = (step: number, images: number): PipelineEvent => {
  const counts = { step, steps: 9, epoch: 1, epochs: 3, images };
  return told({
    kind: "step",
    ...counts,
    phase: "method",
    rate: 0.25,
    losses: { ce: 1 / step, "a/b": 2 },
    shares: { conflict: 0.5 },
  });
};

Deno.test("readings become losses, rate and pace; a pace counts no time in which something else was done", () =>
  inFolder((folder) => {
    let now = 100;
    {
      using board = Board.open(folder, "run", assert.fail, () => now);
      const at = (time: number, event: PipelineEvent) => {
        now = time;
        board.event(event);
      };
      at(100, reading(1, 8));
      at(100.5, told({ kind: "tick", step: 2, steps: 9, epoch: 1, epochs: 3, images: 16 }));
      at(102, reading(5, 40));
      at(
        103,
        told({
          kind: "evaluation",
          epoch: 1,
          epochs: 3,
          protocol: "whole",
          miou: { network: 41.5, none: null },
        }),
      );
      at(110, reading(6, 48));
      at(110, reading(7, 56));
      at(112, reading(8, 64));
    }
    const series = readSeries(join(folder, "run", "co-train"));
    assert.deepEqual([...series.keys()].sort(), [
      "loss/a/b",
      "loss/ce",
      "miou/network",
      "share/conflict",
      "training/images_per_second",
      "training/learning_rate",
    ]);
    assert.deepEqual(series.get("training/images_per_second"), [[5, 16], [8, 4]]);
    assert.deepEqual(
      series.get("training/learning_rate")!.map(([step, rate]) => [step, rate]),
      [1, 5, 6, 7, 8].map((step) => [step, 0.25]),
    );
    assert.deepEqual(series.get("miou/network"), [[5, 41.5]]);
  }));

Deno.test("a run without anything to show leaves no folder", () =>
  inFolder((folder) => {
    {
      using board = Board.open(folder, "name/run", assert.fail);
      board.event({ type: "done", ran: 0, hits: 0, seconds: 0 });
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("where nothing can be written any more, that is said once, and nothing throws", () =>
  inFolder((folder) => {
    const notes: string[] = [];
    using board = Board.open(folder, "run", (line) => notes.push(line));
    Deno.writeTextFileSync(join(folder, "run", "co-train"), "in the way");
    board.event(reading(1, 8));
    board.event(reading(2, 16));
    assert.equal(notes.length, 1);
    assert.match(
      notes[0]!,
      /^Cannot write ".*co-train": .* The run goes on without files for TensorBoard; run again/,
    );
  }));

Deno.test("a folder's name tells runs apart: by settings for people, by a digest for all else", () => {
  const run = { name: "shapes-12", set: [], seed: 3, settings: "00" };
  assert.match(boardName(run), /^shapes-12\/seed=3,[0-9a-f]{8}$/);
  const set = ["load.root=../a b/c", 'co-train.x={"y":[1,2]}'];
  assert.match(
    boardName({ ...run, method: "cps", set }),
    /^shapes-12\/cps,load\.root=\.\._a_b_c,co-train\.x=__y___1,2__,seed=3,[0-9a-f]{8}$/,
  );
  const long = boardName({
    ...run,
    method: "cps",
    set: ["load.root=" + "x".repeat(5000), "co-train.epochs=9"],
  });
  assert.ok(long.length < 220 && /^shapes-12\/cps,x+,co-train\.epochs=9,seed=3/.test(long), long);
  const others = [{ ...run, settings: "01" }, { ...run, gpu: { adapter: "a" } }, {
    ...run,
    gpu: { adapter: "b" },
  }];
  assert.equal(new Set([run, ...others].map(boardName)).size, 4);
  assert.equal(boardName(run), boardName({ ...run }));
});

const experiment = pipeline("few-labels", () => {
  const data = load({ dataset: "shapes", shapes: { size: 32, labeled: 4, unlabeled: 4, validation: 2 } });
  const options = {
    backbone: "resnet14",
    batch: 2,
    epochs: 3,
    stepsPerEpoch: 4,
    warmUpEpochs: 0,
    logEvery: 2,
  } as const;
  const nets = coTrain({ views: augment({ data }, { crop: 32 }) }, { method: ccvc(), ...options });
  return { score: evaluate({ nets, samples: data.validation }, { pictures: 1 }) };
});

gpuTest(
  "a training that was stopped is one curve; out of the cache the same is known",
  () =>
    inFolder(async (folder) => {
      const options = { cache: join(folder, "cache"), runs: join(folder, "runs") },
        board = join(folder, "board");
      const controller = new AbortController();
      await assert.rejects(train(experiment, {
        ...options,
        tensorboard: board,
        signal: controller.signal,
        onEvent: ({ type, ...event }) => {
          if (type === "progress" && "data" in event && event.data.step === 6) controller.abort();
        },
      }));
      const [before] = boardRuns(board);
      assert.match(before!, /^few-labels\/seed=0,[0-9a-f]{8}\/co-train$/);
      const stopped = readSeries(join(board, before!));
      await train(experiment, { ...options, tensorboard: board });
      const runs = boardRuns(board);
      assert.deepEqual(runs, [before, before!.replace("co-train", "evaluate")]);
      const series = readSeries(join(board, before!));
      for (const [tag, values] of series) {
        assert.ok(values.every(([step], i) => i === 0 || step > values[i - 1]![0]), tag);
        assert.deepEqual(
          values.slice(0, stopped.get(tag)?.length ?? 0),
          stopped.get(tag) ?? [],
          `${tag} was kept`,
        );
      }
      const losses = [...series.keys()].filter((tag) => tag.startsWith("loss/"));
      assert.ok(losses.length >= 2);
      for (const tag of losses) {
        assert.deepEqual(series.get(tag)!.map(([step]) => step), [1, 2, 4, 6, 8, 10, 12], tag);
      }
      assert.deepEqual(
        series.get("miou/branch1")!.map(([step]) => step),
        [4, 8, 12],
      );

      const events = folderEvents(join(board, runs[1]!));
      assert.ok(events.every(({ step }) => step === 12));
      const pictures = events.flatMap(({ summary }) => summary!.value).filter(({ image }) =>
        image !== undefined
      );
      assert.ok(pictures.length >= 5);
      for (const { tag, image } of pictures) {
        const { width, height } = decodePng(image!.encoded_image_string, tag);
        assert.deepEqual([image!.width, image!.height], [width, height]);
      }

      const files = () => boardRuns(board).map((run) => [...Deno.readDirSync(join(board, run))].length);
      const made = files();
      assert.equal((await train(experiment, { ...options, tensorboard: board })).ran, 0);
      assert.deepEqual(files(), made, "what lies there is not written again");
      const other = join(folder, "other");
      await train(experiment, { ...options, tensorboard: other });
      assert.deepEqual(boardRuns(other), runs);
      const known = readSeries(join(other, before!));
      const lasting = (all: typeof series) =>
        Object.fromEntries([...all].filter(([tag]) => !tag.startsWith("training/")));
      assert.deepEqual(lasting(known), lasting(series));
      // The process that ended the training has kept what it heard, in six digits.
      const rates = new Map(series.get("training/learning_rate")),
        kept = known.get("training/learning_rate")!;
      assert.deepEqual(kept.map(([step]) => step), [8, 10, 12]);
      for (const [step, rate] of kept) assert.ok(Math.abs(rate / rates.get(step)! - 1) < 1e-5);
      assert.ok(known.get("training/images_per_second")!.length > 0);
    }),
);

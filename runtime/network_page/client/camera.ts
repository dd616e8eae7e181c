/// <reference lib="dom" />
/** The camera, a picture at a time. @module */
import { messageOf, PageError } from "./adapter.ts";
import { frameOf, type SeenPicture } from "./picture.ts";

/** A camera that is on. */
export interface Camera {
  /** What it sees now. */
  frame(longest: number): SeenPicture;
  /** Switches it off. */
  stop(): void;
}

/**
 * Switches the camera on, the one that looks away from the user where there are two.
 *
 * @param ended Called if it goes off by itself.
 * @throws {PageError} If there is none, or the user or the browser refuses it.
 */
export async function openCamera(ended: () => void): Promise<Camera> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new PageError("This browser grants no camera to this page.");
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    throw new PageError(`The camera cannot be used: ${messageOf(error)}`);
  }
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  try {
    await video.play();
  } catch (error) {
    stop();
    throw new PageError(`The camera's pictures cannot be shown: ${messageOf(error)}`);
  }
  stream.getVideoTracks()[0]?.addEventListener("ended", ended);
  return { frame: (longest) => frameOf(video, longest), stop };
}

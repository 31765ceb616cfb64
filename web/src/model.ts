/** The model: a TensorFlow Lite file with fixed shapes, which answers a post in all emotions. */

import { loadAndCompile, loadLiteRt, Tensor, type CompiledModel } from "@litertjs/core";
import { RUNTIME_SCRIPT, url } from "./site";

export class ReplyModel {
  private constructor(
    private readonly model: CompiledModel,
    private readonly emotions: number,
    private readonly postLength: number,
    private readonly vocabulary: number,
  ) {}

  /**
   * Loads the runtime and the model.
   *
   * @param runtime the runtime's WebAssembly module.
   * @param file the content of `ids.tflite`, whose batch is the number of emotions.
   * @param vocabulary number of words in replies.
   */
  static async load(
    runtime: Uint8Array,
    file: Uint8Array,
    emotions: number,
    postLength: number,
    vocabulary: number,
  ): Promise<ReplyModel> {
    // Emscripten's loader takes the module from here, so that it is downloaded once.
    Object.assign(self, { Module: { wasmBinary: runtime } });
    await loadLiteRt(url(RUNTIME_SCRIPT));
    const model = await loadAndCompile(file, { accelerator: "wasm" });
    return new ReplyModel(model, emotions, postLength, vocabulary);
  }

  /**
   * Returns the word ids of a reply in each emotion to a post.
   *
   * @param post its ids, padded to the length of posts.
   * @param temperature 0 for the most probable word at each step; above 0, words are sampled.
   */
  async reply(post: Int32Array, temperature: number): Promise<Int32Array[]> {
    const rows = new Int32Array(this.emotions * this.postLength);
    for (let row = 0; row < this.emotions; row++) rows.set(post, row * this.postLength);
    const inputs = {
      post: new Tensor(rows, [this.emotions, this.postLength]),
      emotion: new Tensor(Int32Array.from({ length: this.emotions }, (_, id) => id), [this.emotions]),
      noise: new Tensor(gumbelNoise(this.vocabulary, temperature), [this.vocabulary]),
    };
    const outputs = await this.model.run(inputs);
    const [ids, lengths] = await Promise.all([outputs.ids!.data(), outputs.lengths!.data()]);
    const width = ids.length / this.emotions;
    const replies = Array.from({ length: this.emotions }, (_, row) =>
      Int32Array.from(ids.slice(row * width, row * width + lengths[row]!)),
    );
    for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.delete();
    return replies;
  }
}

/** Returns independent numbers from the Gumbel distribution with this scale; zeros for 0. */
function gumbelNoise(count: number, scale: number): Float32Array {
  const noise = new Float32Array(count);
  if (scale === 0) return noise;
  // Math.random can return 0, whose logarithm is infinite.
  return noise.map(() => -scale * Math.log(-Math.log(Math.random() || Number.EPSILON)));
}

import { setMaxListeners } from 'node:events';
import type { BaseBytes } from './base-bytes.ts';
import { Refusal } from './error-map.ts';
import { MultipartUpload, type UploadedPart } from './multipart.ts';
import type { Objects } from './objects.ts';
import { MemoryBytes, type PartBytes, SpooledBytes } from './part-bytes.ts';
import type { PartMemory } from './part-memory.ts';
import { type PartPlace, type PartPlan, partsMax } from './part-plan.ts';
import { RangeSet } from './range-set.ts';
import { Slots } from './slots.ts';
import { Spool } from './spool.ts';

/** What the parts of one file need. */
export interface PartSettings {
  readonly objects: Objects;
  readonly key: string;
  readonly plan: PartPlan;
  readonly memory: PartMemory;
  /** Uploads of one file at once. */
  readonly parallel: number;
  /** Parts up to this length are put together in memory, longer ones on disk. */
  readonly memoryPartBytesMax: number;
  /** `disk`: bytes that memory gives up can be read and rewritten before they are committed; `none`: they cannot. */
  readonly spool: 'disk' | 'none';
  readonly spoolDirectory: string | undefined;
}

/** One part that was written to. */
interface Part {
  readonly place: PartPlace;
  /** Undefined: only the server has them, and perhaps the spool. */
  bytes: PartBytes | undefined;
  /** Which of `bytes` count; the others are the base's. */
  valid: RangeSet;
  /** What the server has, as long as nothing was written since. */
  staged: UploadedPart | undefined;
  /** Settles when it ends, never rejects. */
  upload: Promise<void> | undefined;
  /** Of memory. */
  bytesTaken: number;
  lastUse: number;
}

/** One copy on the server makes this much at most: several run at once. */
const copyBytesMax = 1024 ** 3;

/**
 * The parts of a file that differ from its base: put together here, sent as soon as they are full, replaced when they
 * are written to again. Memory is bounded: what does not fit is sent early.
 *
 * Threads: one JavaScript thread. Requires: one call at a time, except `read`, of which there may be several.
 */
export class StagedParts {
  readonly #settings: PartSettings;
  /** Who sends or copies. */
  readonly #slots: Slots;
  /** Who does that, or waits for the answer. */
  readonly #unanswered: Slots;
  readonly #parts = new Map<number, Part>();
  readonly #spool: Spool;
  readonly #ending = new AbortController();
  #upload: Promise<MultipartUpload> | undefined;
  #uses = 0;
  /** The part that needs no reserved memory. */
  #unreserved: Part | undefined;
  #kept: Readonly<Record<string, string>> = {};

  constructor(settings: PartSettings) {
    this.#settings = settings;
    this.#slots = new Slots(settings.parallel);
    this.#unanswered = new Slots(settings.parallel * 2);
    this.#spool = new Spool(settings.spoolDirectory);
    // Every part under way listens, and there are as many as may be unanswered: no leak.
    setMaxListeners(0, this.#ending.signal);
  }

  /** Headers that the object gets when its upload begins. */
  set kept(headers: Readonly<Record<string, string>>) {
    this.#kept = headers;
  }

  /** Whether an upload was begun that has not ended. */
  get hasUpload(): boolean {
    return this.#upload !== undefined;
  }

  /**
   * Takes bytes that lie within one part. @param size Of the file, with these bytes.
   *
   * Errors: those of sending other parts to make room, and then nothing is taken; ENOTSUP when the part's other bytes
   * are not here any more.
   */
  async write(place: PartPlace, bytes: Uint8Array, offset: number, size: number, base: BaseBytes): Promise<void> {
    if (place.index >= partsMax) throw new Refusal('EFBIG', `an object has at most ${partsMax} parts`);
    const part = this.#parts.get(place.index) ?? newPart(place);
    await part.upload;
    const within = offset - place.offset;
    const isWhole = bytes.byteLength === place.length;
    if (part.bytes === undefined && part.staged !== undefined && !isWhole) await this.#restore(part, size, base);
    else if (part.bytes === undefined) await this.#provide(part, size, base);
    this.#parts.set(place.index, part);
    await part.bytes?.write(bytes, within);
    part.valid.add(within, within + bytes.byteLength);
    part.staged = undefined;
    part.lastUse = ++this.#uses;
    this.#stageFull(part, size, base);
  }

  /** Fills `target` with what the file has there now. Requires: the bytes lie within one part. */
  async read(
    place: PartPlace,
    target: Uint8Array,
    offset: number,
    base: BaseBytes,
    signal?: AbortSignal,
  ): Promise<void> {
    const part = this.#parts.get(place.index);
    if (part === undefined) return base.fill(target, offset, signal);
    const begin = offset - place.offset;
    const { bytes } = part;
    if (bytes === undefined) {
      this.#requireSpool();
      return this.#spool.read(target, offset);
    }
    const end = begin + target.byteLength;
    const gaps = part.valid.missing(begin, end);
    const fills = gaps.map((gap) =>
      base.fill(target.subarray(gap.begin - begin, gap.end - begin), place.offset + gap.begin, signal),
    );
    const copies = part.valid
      .within(begin, end)
      .map((range) => bytes.read(target.subarray(range.begin - begin, range.end - begin), range.begin));
    const outcomes = await Promise.allSettled([...fills, ...copies]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Forgets what lies behind `size`. */
  async truncate(size: number, base: BaseBytes): Promise<void> {
    const last = this.#settings.plan.partOf(size);
    const cut = this.#parts.get(last.index);
    const length = size - last.offset;
    await cut?.upload;
    if (cut !== undefined && length > 0 && cut.bytes === undefined) await this.#restore(cut, size, base);
    for (const [index, part] of [...this.#parts]) {
      if (part.place.offset < size) continue;
      await part.upload;
      await this.#release(part);
      this.#parts.delete(index);
    }
    if (cut === undefined || length <= 0) return;
    cut.valid.truncate(length);
    if (cut.staged !== undefined && cut.staged.length > length) cut.staged = undefined;
  }

  /** Waits until nothing is on its way. */
  async settle(): Promise<void> {
    for (const part of this.#parts.values()) await part.upload;
  }

  /** All bytes of a file that is no longer than the first part. */
  async whole(size: number, base: BaseBytes, signal?: AbortSignal): Promise<Uint8Array> {
    const place = this.#settings.plan.partOf(0);
    const bytes = new Uint8Array(size);
    if (size === 0) return bytes;
    const part = this.#parts.get(0);
    if (part?.bytes !== undefined) {
      for (const gap of part.valid.missing(0, size)) await fillGap(part, part.bytes, gap.begin, gap.end, base, signal);
    }
    if (part === undefined) await base.fillCertain(bytes, 0, signal);
    else await this.read(place, bytes, 0, base, signal);
    return bytes;
  }

  /**
   * Makes the server have every part of a file of `size` bytes: sends what was written, copies what was not.
   *
   * @returns The upload, and its parts in order. Errors: the first one, when nothing is on its way any more.
   */
  async finish(size: number, base: BaseBytes): Promise<{ upload: MultipartUpload; parts: UploadedPart[] }> {
    const copied: Promise<UploadedPart>[] = [];
    const sent: Part[] = [];
    const failures: unknown[] = [];
    try {
      const upload = await this.#begun();
      let run: { number: number; offset: number; length: number } | undefined;
      const copyRun = (): void => {
        if (run === undefined) return;
        const copy = this.#copy(upload, run, base);
        // Looked at when all are done.
        copy.catch(() => undefined);
        copied.push(copy);
        run = undefined;
      };
      for (const place of this.#settings.plan.parts(0, size)) {
        const length = Math.min(place.length, size - place.offset);
        const isOld = !this.#parts.has(place.index) && place.offset + length <= base.end;
        if (isOld && run !== undefined && run.length + length <= copyBytesMax) run.length += length;
        else copyRun();
        if (isOld) run ??= { number: place.index + 1, offset: place.offset, length };
        else sent.push(await this.#send(place, length, size, base));
      }
      copyRun();
    } catch (thrown) {
      failures.push(thrown);
    }
    const outcomes = await Promise.allSettled(copied);
    for (const part of sent) await part.upload;
    for (const outcome of outcomes) if (outcome.status === 'rejected') failures.push(outcome.reason);
    // A part whose sending failed is tried once more, in the open.
    for (const part of failures.length === 0 ? sent : []) {
      if (part.staged === undefined)
        await this.#stage(part, Math.min(part.place.length, size - part.place.offset), base);
    }
    if (failures.length > 0) throw failures[0];
    const upload = await this.#begun();
    const parts = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    for (const { staged } of sent) if (staged !== undefined) parts.push(staged);
    return { upload, parts: parts.sort((a, b) => a.number - b.number) };
  }

  /** What was sent does not count any more: somebody has ended the upload. Errors: ESTALE when bytes are gone. */
  async lose(): Promise<void> {
    this.#upload = undefined;
    for (const part of this.#parts.values()) {
      part.staged = undefined;
      if (part.bytes !== undefined || this.#settings.spool === 'disk') continue;
      throw new Refusal(
        'ESTALE',
        'the upload was ended by somebody else, and bytes that were sent are not here any more',
      );
    }
  }

  /** Everything is in the base now. @param isCompleted Whether the upload has become an object; else it is ended. */
  async reset(isCompleted: boolean): Promise<void> {
    for (const part of this.#parts.values()) await this.#release(part);
    this.#parts.clear();
    await this.#spool.close();
    const upload = await this.#upload?.catch(() => undefined);
    this.#upload = undefined;
    if (!isCompleted) await upload?.abort();
  }

  /** Drops everything. Errors: that of ending the upload on the server. */
  async abort(): Promise<void> {
    this.#ending.abort(new DOMException('the file was closed', 'AbortError'));
    await this.settle();
    await this.reset(false);
  }

  async #send(place: PartPlace, length: number, size: number, base: BaseBytes): Promise<Part> {
    const part = this.#parts.get(place.index) ?? newPart(place);
    await part.upload;
    if (part.staged?.length === length) return part;
    if (part.bytes === undefined && part.staged !== undefined) await this.#restore(part, size, base);
    else if (part.bytes === undefined) await this.#provide(part, size, base);
    this.#parts.set(place.index, part);
    this.#stage(part, length, base).catch(() => undefined);
    return part;
  }

  async #copy(
    upload: MultipartUpload,
    { number, offset, length }: { number: number; offset: number; length: number },
    { reader }: BaseBytes,
  ): Promise<UploadedPart> {
    if (reader === undefined) throw new Refusal('EIO', 'there is nothing to copy from');
    const source = { key: reader.key, etag: reader.info.etag };
    return this.#slots.run(() => upload.copy(number, source, { offset, length }, length, this.#ending.signal));
  }

  /** Sends parts that are full, once it is certain that the file has more than one. */
  #stageFull(part: Part, size: number, base: BaseBytes): void {
    const first = this.#parts.get(0);
    if (size <= (first?.place.length ?? 0)) return;
    for (const full of part === first || first === undefined ? [part] : [first, part]) {
      const { length } = full.place;
      const isDue = full.staged === undefined && full.upload === undefined && full.bytes !== undefined;
      if (isDue && full.valid.covers(0, length)) this.#stage(full, length, base).catch(() => undefined);
    }
  }

  /** Fills what is missing in a part, and sends it. */
  #stage(part: Part, length: number, base: BaseBytes): Promise<void> {
    const { signal } = this.#ending;
    const send = async (leave: () => void): Promise<void> => {
      const { bytes } = part;
      if (bytes === undefined) throw new Refusal('EIO', 'a part has no bytes');
      for (const gap of part.valid.missing(0, length)) await fillGap(part, bytes, gap.begin, gap.end, base, signal);
      const begun = this.#begun();
      const crc32 = await bytes.crc32(length);
      const upload = await begun;
      // Parts that left together are answered together: the next ones do not wait for that, or the link would idle.
      part.staged = await upload.put(part.place.index + 1, bytes.body(length), crc32, leave, signal);
      const { memoryPartBytesMax, spool } = this.#settings;
      if (length > memoryPartBytesMax && length === part.place.length && spool === 'none') await this.#release(part);
    };
    const work = this.#unanswered.run(() => this.#slots.run(send));
    part.upload = work.then(
      () => {
        part.upload = undefined;
      },
      () => {
        part.upload = undefined;
      },
    );
    return work;
  }

  #begun(): Promise<MultipartUpload> {
    const { objects, key } = this.#settings;
    if (this.#upload === undefined) {
      // Without a signal: an answer that nobody waits for would leave an upload behind.
      const upload = MultipartUpload.begin(objects, key, this.#kept);
      this.#upload = upload;
      upload.catch(() => {
        if (this.#upload === upload) this.#upload = undefined;
      });
    }
    return this.#upload;
  }

  async #restore(part: Part, size: number, base: BaseBytes): Promise<void> {
    const { offset, length } = part.place;
    this.#requireSpool();
    const { staged } = part;
    await this.#provide(part, size, base);
    const held = Math.min(length, staged?.length ?? length);
    const piece = new Uint8Array(Math.min(held, copyPieceBytes));
    for (let done = 0; done < held; done += piece.byteLength) {
      const target = piece.subarray(0, Math.min(piece.byteLength, held - done));
      await this.#spool.read(target, offset + done);
      await part.bytes?.write(target, done);
    }
    part.valid.add(0, held);
    part.staged = staged;
  }

  #requireSpool(): void {
    if (this.#settings.spool === 'disk') return;
    const detail = "bytes that were sent and are not committed can be read or rewritten only with 'spool: disk'";
    throw new Refusal('ENOTSUP', detail);
  }

  /** Gives a part memory or disk, empty. */
  async #provide(part: Part, size: number, base: BaseBytes): Promise<void> {
    const { memory, memoryPartBytesMax, spoolDirectory } = this.#settings;
    const { length } = part.place;
    part.valid = new RangeSet();
    if (length > memoryPartBytesMax) {
      const isKept = this.#settings.spool === 'disk';
      part.bytes = isKept
        ? new SpooledBytes(this.#spool, part.place.offset)
        : new SpooledBytes(new Spool(spoolDirectory), undefined);
      return;
    }
    if (this.#unreserved === undefined) {
      this.#unreserved = part;
    } else {
      while (!memory.take(length)) {
        if (await this.#reclaim(part, size, base)) continue;
        memory.force(length);
        break;
      }
      part.bytesTaken = length;
    }
    part.bytes = new MemoryBytes(memory, length);
  }

  /** Frees the memory of one part, the longest unused. @returns False when there is none. Errors: those of sending. */
  async #reclaim(except: Part, size: number, base: BaseBytes): Promise<boolean> {
    const held = [...this.#parts.values()]
      .filter((part) => part !== except && part.bytesTaken > 0 && part.place.offset + part.place.length <= size)
      .sort((a, b) => a.lastUse - b.lastUse);
    const clean = held.find((part) => part.staged?.length === part.place.length && part.upload === undefined);
    const sending = held.map((part) => part.upload).filter((upload) => upload !== undefined);
    if (clean !== undefined) {
      if (this.#settings.spool === 'disk') await this.#writeSpool(clean);
      await this.#release(clean);
      return true;
    }
    if (sending.length > 0) {
      await Promise.race(sending);
      return true;
    }
    const [oldest] = held;
    if (oldest === undefined) return false;
    await this.#stage(oldest, oldest.place.length, base);
    await oldest.upload;
    return true;
  }

  async #writeSpool(part: Part): Promise<void> {
    const { bytes, place } = part;
    const body = bytes?.body(place.length);
    if (body instanceof Uint8Array) await this.#spool.write(body, place.offset);
  }

  async #release(part: Part): Promise<void> {
    const { bytes, bytesTaken } = part;
    part.bytes = undefined;
    part.bytesTaken = 0;
    part.valid = new RangeSet();
    if (this.#unreserved === part) this.#unreserved = undefined;
    this.#settings.memory.giveBack(bytesTaken);
    await bytes?.release();
  }
}

const copyPieceBytes = 1024 ** 2;

function newPart(place: PartPlace): Part {
  return {
    place,
    bytes: undefined,
    valid: new RangeSet(),
    staged: undefined,
    upload: undefined,
    bytesTaken: 0,
    lastUse: 0,
  };
}

async function fillGap(
  part: Part,
  bytes: PartBytes,
  begin: number,
  end: number,
  base: BaseBytes,
  signal: AbortSignal | undefined,
): Promise<void> {
  const piece = new Uint8Array(Math.min(end - begin, 8 * copyPieceBytes));
  for (let done = begin; done < end; ) {
    const target = piece.subarray(0, Math.min(piece.byteLength, end - done));
    await base.fillCertain(target, part.place.offset + done, signal);
    await bytes.write(target, done);
    done += target.byteLength;
  }
  part.valid.add(begin, end);
}

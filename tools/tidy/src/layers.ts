/**
 * Who may import whom, as docs/ARCHITECTURE.md has it. A room is a folder of `packages/`; a name that ends in `*`
 * stands for every room that begins so.
 */
interface Room {
  layer: number;
  /** Rooms that its product code may import. */
  mayImport: readonly string[];
  /** Rooms that its tests may import beyond those. */
  testsMayImport?: readonly string[];
}

const foundations = ['errors', 'testkit', 'ring-buffer', 'native-loader'];
const contracts = [...foundations, 'observability', 'storage'];
const adapter: Room = { layer: 3, mayImport: contracts, testsMayImport: ['s3-mock', 'irods-emulator'] };
const speaksIrods: Room = { ...adapter, mayImport: [...contracts, 'irods-protocol'] };
const consumer: Room = { layer: 3, mayImport: [...contracts, 'file-lock', 'conveyor'] };

const rooms: Readonly<Record<string, Room>> = {
  errors: { layer: 0, mayImport: [] },
  testkit: { layer: 0, mayImport: ['errors'] },
  'ring-buffer': { layer: 0, mayImport: [] },
  'native-loader': { layer: 0, mayImport: ['errors'] },
  observability: { layer: 1, mayImport: foundations },
  'irods-protocol': { layer: 1, mayImport: foundations },
  storage: { layer: 1, mayImport: [...foundations, 'observability'] },
  core: { layer: 2, mayImport: foundations },
  'file-lock': { layer: 2, mayImport: foundations },
  conveyor: { layer: 3, mayImport: [...contracts, 'core'] },
  'storage-irods': speaksIrods,
  'storage-*': adapter,
  's3-mock': adapter,
  'irods-emulator': speaksIrods,
  staging: consumer,
  fuse: { ...consumer, mayImport: [...consumer.mayImport, 'core'], testsMayImport: ['s3-mock', 'storage-s3'] },
  'irods-plugin': { layer: 4, mayImport: ['core'] },
};

/** Tests of every room may use these. */
const forEveryTest = ['testkit'];

function roomOf(name: string): Room | undefined {
  const isMeant = (key: string): boolean => (key.endsWith('*') ? name.startsWith(key.slice(0, -1)) : key === name);
  const key = Object.keys(rooms).find(isMeant);
  return key === undefined ? undefined : rooms[key];
}

/**
 * Why one folder of the workspace may not import another, or undefined where it may.
 *
 * @param importer `packages/core`, `apps/cli`
 * @param imported The same; importing oneself is allowed.
 */
export function whyNot(importer: string, imported: string, byTest: boolean): string | undefined {
  if (importer === imported) return undefined;
  if (imported.startsWith('apps/')) return 'nothing imports an app';
  if (imported.startsWith('tools/')) return 'tools are not part of the product';
  if (importer.startsWith('apps/')) return undefined;
  const name = imported.slice('packages/'.length);
  const room = roomOf(importer.slice('packages/'.length));
  if (!room) return `${importer} has no place in the layers yet: give it one in tools/tidy/src/layers.ts`;
  const allowed = byTest ? [...room.mayImport, ...forEveryTest, ...(room.testsMayImport ?? [])] : room.mayImport;
  if (allowed.includes(name)) return undefined;
  return `L${room.layer} ${importer} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing internal'}`;
}

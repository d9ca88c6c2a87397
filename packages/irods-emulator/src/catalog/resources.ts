import { argumentRangeError, requireOneOf, requireOptions, requireString } from '@libconveyor/errors';
import { IrodsFailure } from '../irods-failure.ts';

/** A resource of the zone. */
export interface EmulatorResource {
  readonly name: string;
  /** Default `unixfilesystem`, which keeps bytes; the others have children. */
  readonly type?: 'unixfilesystem' | 'replication' | 'passthru' | undefined;
  /** The resource that it is a child of; it must come before. */
  readonly parent?: string | undefined;
  /** Default `up`. */
  readonly status?: 'up' | 'down' | undefined;
}

/** A resource as it is now. */
export interface ResourceState {
  readonly id: number;
  readonly name: string;
  readonly type: 'unixfilesystem' | 'replication' | 'passthru';
  readonly parent: ResourceState | undefined;
  readonly children: ResourceState[];
  isUp: boolean;
}

/** The tree of resources. */
export class Resources {
  readonly #byName = new Map<string, ResourceState>();
  readonly #defaultName: string;

  /** @param settings Parents before children; the first is the default unless another is named. */
  constructor(settings: readonly EmulatorResource[], defaultName: string | undefined) {
    for (const [index, setting] of settings.entries()) this.#add(`options.resources[${index}]`, setting);
    this.#defaultName = defaultName ?? settings[0]?.name ?? '';
    const chosen = this.#byName.get(this.#defaultName);
    if (chosen === undefined || chosen.parent !== undefined) {
      throw argumentRangeError('options.defaultResource', 'a resource without a parent', this.#defaultName);
    }
  }

  get all(): readonly ResourceState[] {
    return [...this.#byName.values()];
  }

  get defaultResource(): ResourceState {
    return this.require(this.#defaultName);
  }

  /** Errors: IrodsFailure (-78000). */
  require(name: string): ResourceState {
    const found = this.#byName.get(name);
    if (found === undefined) throw new IrodsFailure('SYS_RESC_DOES_NOT_EXIST');
    return found;
  }

  /** The resource that a hierarchy ends in. Errors: IrodsFailure (-78000). */
  leafOf(hierarchy: string): ResourceState {
    return this.require(hierarchy.split(';').at(-1) ?? '');
  }

  /** The resource that a hierarchy begins with. Errors: IrodsFailure (-78000). */
  rootOf(hierarchy: string): ResourceState {
    return this.require(hierarchy.split(';')[0] ?? '');
  }

  /** Whether a replica there can be used. */
  isUp(hierarchy: string): boolean {
    return hierarchy.split(';').every((name) => this.require(name).isUp);
  }

  /** The hierarchy to the first place for bytes below a resource. Errors: IrodsFailure (-78000). */
  hierarchyTo(name: string): string {
    const resource = this.require(name);
    return hierarchyOf(this.leavesOf(resource)[0] ?? resource);
  }

  /** All resources below a root that keep bytes. */
  leavesOf(root: ResourceState): ResourceState[] {
    if (root.children.length === 0) return [root];
    return root.children.flatMap((child) => this.leavesOf(child));
  }

  /**
   * A resource to create on, by its name: a root.
   *
   * Errors: IrodsFailure (-78000 unknown, -1816000 a child).
   */
  requireRoot(name: string): ResourceState {
    const found = this.require(name);
    if (found.parent !== undefined) throw new IrodsFailure('DIRECT_CHILD_ACCESS');
    return found;
  }

  #add(name: string, setting: EmulatorResource): void {
    requireOptions(name, setting, ['name', 'type', 'parent', 'status']);
    requireString(`${name}.name`, setting.name);
    const { type = 'unixfilesystem', status = 'up' } = setting;
    requireOneOf(`${name}.type`, type, ['unixfilesystem', 'replication', 'passthru']);
    requireOneOf(`${name}.status`, status, ['up', 'down']);
    const parent = setting.parent === undefined ? undefined : this.#byName.get(setting.parent);
    if (setting.parent !== undefined && (parent === undefined || parent.type === 'unixfilesystem')) {
      throw argumentRangeError(`${name}.parent`, 'a resource before it that takes children', setting.parent);
    }
    if (this.#byName.has(setting.name) || !/^[\w-]{1,63}$/.test(setting.name)) {
      throw argumentRangeError(`${name}.name`, 'a name of its own, of letters and digits', setting.name);
    }
    const id = 10_010 + this.#byName.size;
    const state: ResourceState = { id, name: setting.name, type, parent, children: [], isUp: status === 'up' };
    parent?.children.push(state);
    this.#byName.set(setting.name, state);
  }
}

/** The hierarchy that a resource ends. */
export function hierarchyOf(resource: ResourceState): string {
  return resource.parent === undefined ? resource.name : `${hierarchyOf(resource.parent)};${resource.name}`;
}

/** Finds and loads the addons of conveyor packages. */
export { type AddonPlace, type AnyBinding, loadAddon, requireFitting } from './addon.ts';
export { platformName } from './platform.ts';

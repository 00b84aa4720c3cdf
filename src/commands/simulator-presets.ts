/** The kinds of cloud that `sluice simulate --preset` takes; apart, so that naming them loads no simulator. */
export { PRESET_NAMES, type PresetName } from '../simulator/presets.ts';

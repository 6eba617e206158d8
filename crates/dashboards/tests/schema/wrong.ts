// What the check must refuse: should it let one of these pass, the unused @ts-expect-error is an error.
import type { Ours } from './grafana.js';

type Panel = Ours['panels'][number];
type Graph = Extract<Panel, { type: 'timeseries' }>;

// @ts-expect-error no version of the schema
export const unversioned: Pick<Ours, 'schemaVersion'> = {};
// @ts-expect-error not a kind of panel
export const unknown: Panel['type'] = 'timeserie';
// @ts-expect-error not a place for a legend
export const misplaced: Graph['options']['legend']['placement'] = 'left';
// @ts-expect-error not a style of thresholds
export const unstyled: Graph['fieldConfig']['defaults']['custom'] = { thresholdsStyle: { mode: 'dotted' } };
// @ts-expect-error not an option of graphs
export const alien: Graph['options'] = { legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' }, graphMode: 'area' };
// @ts-expect-error not a kind of cell
export const cell: Graph['fieldConfig']['overrides'][number]['properties'] = [{ id: 'custom.cellOptions', value: { type: 'colour-text' } }];

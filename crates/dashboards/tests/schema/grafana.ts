// A dashboard by the types that Grafana publishes, each panel with the options and fields of its own kind. Of the queries
// no types are published apart from the datasources' plugins: those here are what we use of them.
import type {
  AnnotationQuery,
  Dashboard,
  DataQuery,
  FieldColor,
  FieldConfig,
  HideSeriesConfig,
  LineStyle,
  Panel,
  RowPanel,
  TableCellOptions,
  ThresholdsConfig,
  ValueMapping,
  VariableModel,
} from '@grafana/schema';
import type { Options as LogsOptions } from '@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as states from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type { Options as TextOptions } from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as graph from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** In JSON an enumeration's value is the string or number that it stands for. */
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends (infer Item)[]
      ? Json<Item>[]
      : T extends object
        ? { [Key in keyof T]: Json<T[Key]> }
        : T;

type Source = { type: 'prometheus' | 'loki'; uid: 'prometheus' | 'loki' };

interface Prometheus extends DataQuery {
  datasource: Source;
  expr: string;
  editorMode: 'code';
  legendFormat: string;
  range: boolean;
  instant: boolean;
  format: 'time_series' | 'table';
  exemplar: boolean;
}

interface Loki extends DataQuery {
  datasource: Source;
  expr: string;
  editorMode: 'code';
  legendFormat: string;
  queryType: 'range';
  maxLines: number;
  direction: 'backward';
}

interface Link {
  title: string;
  url: string;
  targetBlank: boolean;
}

type Fields<Custom> = Omit<FieldConfig, 'custom' | 'links'> & { custom: Custom; links: Link[] };

type Property =
  | { id: 'unit'; value: string }
  | { id: 'decimals' | 'custom.width'; value: number }
  | { id: 'thresholds'; value: ThresholdsConfig }
  | { id: 'color'; value: FieldColor }
  | { id: 'mappings'; value: ValueMapping[] }
  | { id: 'links'; value: Link[] }
  | { id: 'custom.cellOptions'; value: TableCellOptions }
  | { id: 'custom.hideFrom'; value: HideSeriesConfig }
  | { id: 'custom.lineStyle'; value: LineStyle };

type Override = { matcher: { id: 'byName' | 'byFrameRefID'; options: string }; properties: Property[] };

type Kind<Type extends string, Options, Custom> = Required<Pick<Panel, 'id' | 'title' | 'description' | 'gridPos'>> &
  Pick<Panel, 'datasource' | 'interval' | 'transformations'> & {
    type: Type;
    targets?: (Prometheus | Loki)[];
    options: Options;
    fieldConfig: { defaults: Fields<Custom>; overrides: Override[] };
  };

type Nothing = Record<string, never>;

type AnyPanel =
  | Kind<'timeseries', graph.Options, graph.FieldConfig>
  | Kind<'stat', StatOptions, Nothing>
  | Kind<'state-timeline', Omit<states.Options, 'perPage'>, states.FieldConfig>
  | Kind<'table', table.Options, table.FieldConfig>
  | Kind<'text', TextOptions, Nothing>
  | Kind<'logs', LogsOptions, Nothing>;

type Row = Omit<RowPanel, 'panels'> & { panels: AnyPanel[] };

/** The fields that Prometheus' annotations have besides. */
type PrometheusAnnotation = Omit<AnnotationQuery, 'target'> & {
  expr?: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
  target?: DataQuery & { expr: string; interval: string };
};

/** Grafana adds the query's text as its variable editor shows it. */
type Variable = VariableModel & { definition: string };

export type Ours = Json<
  Omit<Dashboard, 'panels' | 'annotations' | 'templating'> & {
    panels: (AnyPanel | Row)[];
    annotations: { list: PrometheusAnnotation[] };
    templating: { list: Variable[] };
  }
>;

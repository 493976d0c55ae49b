/** What happens to the background: `background::Event`. */
export type BackgroundEvent =
  | {
      kind: 'started';
      base: string;
      version: string;
      user_agent: string;
      known: unknown;
      setting: unknown;
    }
  | { kind: 'installed' }
  | { kind: 'proxy_changed'; setting: unknown }
  | { kind: 'port_message'; message: unknown }
  | { kind: 'port_closed'; reason: string | null }
  | { kind: 'due' }
  | { kind: 'bridge_checked'; trusted: boolean }
  | { kind: 'page_opened'; page: number; tab: number | null }
  | { kind: 'page_said'; page: number; message: unknown }
  | { kind: 'page_closed'; page: number }
  | { kind: 'navigation_refused'; tab: number; url: string; reason: string }
  | { kind: 'navigation_answered'; tab: number }
  | { kind: 'navigation_failed'; tab: number; url: string; error: string }
  | { kind: 'site_asked'; tab: number; url: string; site: string }
  | { kind: 'tab_left'; tab: number }
  | { kind: 'navigation_done'; tab: number; url: string };

/** What the background asks for: `background::Effect`. */
export type BackgroundEffect =
  | { kind: 'connect'; host: string }
  | { kind: 'post'; message: object }
  | { kind: 'wait'; milliseconds: number }
  | { kind: 'set_proxy'; script: string; proxy: { host: string; port: number } }
  | { kind: 'set_rules'; rules: { id: number }[] }
  | { kind: 'remember'; known: object }
  | { kind: 'check_bridge'; url: string }
  | { kind: 'say'; page: number; message: object }
  | { kind: 'lead'; tab: number; url: string }
  | { kind: 'open'; url: string }
  | { kind: 'count'; tab: number; count: number }
  | { kind: 'badge'; tab: number; badge: 'paired' | 'unverified' | 'blocked' | 'own' };

/** What happens to a page: `page::Event`. */
export type PageEvent =
  | { kind: 'heard'; message: unknown }
  | { kind: 'lost' }
  | { kind: 'reading' }
  | { kind: 'picture'; codes: string[]; now: number }
  | { kind: 'no_picture' }
  | { kind: 'no_camera'; fault: string }
  | { kind: 'camera_works' }
  | { kind: 'surroundings'; private_windows: boolean; camera: string }
  | { kind: 'returned' }
  | { kind: 'seen'; codes: string[]; now: number }
  | { kind: 'code_typed'; text: string }
  | { kind: 'text'; text: string; now: number }
  | { kind: 'typed'; field: string; text: string }
  | { kind: 'secret'; field: string; text: string }
  | { kind: 'file'; bytes: string }
  | { kind: 'tab'; tab: number; url: string | null; rules: number[] }
  | { kind: 'pressed'; action: string; value: string };

/** What a page asks for: `page::Effect`. */
export type PageEffect =
  | { kind: 'say'; message: object }
  | { kind: 'start_camera' }
  | { kind: 'stop_camera' }
  | { kind: 'try_camera' }
  | { kind: 'look_around' }
  | { kind: 'go'; url: string }
  | { kind: 'open'; url: string }
  | { kind: 'save'; name: string; text: string }
  | { kind: 'save_bytes'; name: string; bytes: string };

/** A message of the locales, or a text that has no language: `view::Text`. */
export type Text =
  | { message: { key: string; arguments: string[] } }
  | { literal: string }
  | { time: number };

/** Texts by place and the parts that are there: of a whole page, or of one row of a list. */
export type Shown = { texts: Record<string, Text>; parts: string[] };

/** One row of a list: `view::Row`. */
export type Row = Shown & { value: string };

/** What a page shows: `view::View`. */
export type View = Shown & {
  screen: string;
  title: Text | null;
  marks: Record<string, string>;
  fields: Record<string, string>;
  lists: Record<string, Row[]>;
  drawing: { side: number; path: string } | null;
};

//! The one file that touches JavaScript: events come in as plain objects, effects and views go out
//! as plain objects, whose shapes are in `types.d.ts`. No decision is taken here.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use crate::{background, page};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// The background, for `extension/background.js`.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Background(background::Background);

#[wasm_bindgen]
impl Background {
    /// The state of a worker that just started.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event and says what to do about it.
    ///
    /// # Errors
    /// When the event is none.
    #[wasm_bindgen(unchecked_return_type = "BackgroundEffect[]")]
    pub fn update(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "BackgroundEvent")] event: JsValue,
    ) -> Result<JsValue, JsError> {
        to_js(&self.0.update(event_of(event)?))
    }
}

/// A page, for `extension/page.js`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Page {
    page: page::Page,
    opening: Vec<page::Effect>,
}

#[wasm_bindgen]
impl Page {
    /// A page as it opens.
    ///
    /// # Errors
    /// When there is no page of this kind.
    #[wasm_bindgen(constructor)]
    pub fn new(kind: &str, fragment: &str) -> Result<Self, JsError> {
        let kind = page::Kind::ALL.iter().find(|it| it.word() == kind);
        let kind = kind.ok_or_else(|| JsError::new("there is no page of this kind"))?;
        let (page, opening) = page::Page::open(*kind, fragment);
        Ok(Self { page, opening })
    }

    /// What there is to do as the page opens, once.
    ///
    /// # Errors
    /// When JavaScript takes no objects, which is never.
    #[wasm_bindgen(unchecked_return_type = "PageEffect[]")]
    pub fn start(&mut self) -> Result<JsValue, JsError> {
        to_js(&std::mem::take(&mut self.opening))
    }

    /// Takes an event and says what to do about it.
    ///
    /// # Errors
    /// When the event is none.
    #[wasm_bindgen(unchecked_return_type = "PageEffect[]")]
    pub fn update(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "PageEvent")] event: JsValue,
    ) -> Result<JsValue, JsError> {
        to_js(&self.page.update(event_of(event)?))
    }

    /// What to show.
    ///
    /// # Errors
    /// When JavaScript takes no objects, which is never.
    #[wasm_bindgen(unchecked_return_type = "View")]
    pub fn view(&self) -> Result<JsValue, JsError> {
        to_js(&self.page.view())
    }
}

/// By way of JSON, from which the daemon's messages are read too: reading every type from
/// JavaScript's values as well would make the file half as large again. An event has its kind among its fields in
/// JavaScript and around them here, because whatever is in an enum that has it inside is compiled once more.
fn event_of<T: DeserializeOwned>(event: JsValue) -> Result<T, JsError> {
    let mut fields: Map<String, Value> = serde_wasm_bindgen::from_value(event)?;
    let kind = fields.remove("kind");
    let kind = kind.as_ref().and_then(Value::as_str);
    let kind = kind.ok_or_else(|| JsError::new("an event has a kind"))?;
    let event = Map::from_iter([(kind.to_owned(), Value::Object(fields))]);
    Ok(T::deserialize(Value::Object(event))?)
}

fn to_js<T: Serialize>(value: &T) -> Result<JsValue, JsError> {
    Ok(value.serialize(&Serializer::json_compatible())?)
}

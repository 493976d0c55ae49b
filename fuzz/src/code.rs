//! A code in any form, as a person types it: what reads is the same secret in every other form; what
//! does not read is told of in its own form, at a place that a code has.

use settle_protocol::code::typed::{GROUPS, TypedError};
use settle_protocol::code::words::{WORDS, WordsError};
use settle_protocol::code::{Code, CodeError, Form, forms_to_read};
use settle_protocol::material::MaterialError;

/// Takes UTF-8, as a field of a page gives it.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let form = Form::of(text);
    match Code::parse(text) {
        Ok(code) => right(&code, form),
        Err(error) => wrong(&error, form),
    }
}

fn right(code: &Code, form: Form) {
    assert_ne!(form, Form::Foreign);
    assert_eq!(form == Form::Material, code.material().is_some());
    assert!(!code.suites().is_empty());
    let (typed, words) = forms_to_read(code.secret());
    for (text, form) in [(typed, Form::Typed), (words, Form::Words)] {
        assert_eq!(Form::of(&text), form);
        let again = Code::parse(&text).expect("what is written reads");
        assert!(again.secret().matches(code.secret().expose()));
    }
}

fn wrong(error: &CodeError, form: Form) {
    let told_in = match error {
        CodeError::Material(MaterialError::Foreign) => Form::Foreign,
        CodeError::Material(_) => Form::Material,
        CodeError::Typed(_) => Form::Typed,
        CodeError::Words(_) => Form::Words,
    };
    assert_eq!(told_in, form);
    if let CodeError::Typed(TypedError::Symbol { group, .. } | TypedError::Group { group }) = error
    {
        assert!((1..=GROUPS).contains(group));
    }
    if let CodeError::Words(WordsError::Unknown { word } | WordsError::Word { word }) = error {
        assert!((1..=WORDS).contains(word));
    }
}

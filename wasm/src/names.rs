//! One macro for the closed sets of words that Rust shares with the HTML pages and the locales.
//! Each set can be listed, so that a test can hold both sides against each other.

/// Makes an enum whose variants have a fixed word each, which is also how they are serialized.
macro_rules! names {
    ($(#[$meta:meta])* $set:ident { $($(#[$about:meta])+ $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Serialize, serde::Deserialize)]
        pub enum $set {
            $($(#[$about])+ #[serde(rename = $word)] $variant,)+
        }

        impl $set {
            /// Every member, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that the pages and the locales know it by.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

pub(crate) use names;

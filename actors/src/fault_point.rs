//! `fault_point!(name, error)`: with the cargo feature `faults` a test can let the surrounding async body panic, stop for ever
//! or return `error` here. Without the feature it expands to nothing.

#[cfg(feature = "faults")]
macro_rules! fault_point {
    ($name:literal, $error:expr) => {{
        const { assert!(crate::faults::is_listed($name), "list this point in faults::POINTS") };
        if crate::faults::reach($name).await {
            return $error;
        }
    }};
}

#[cfg(not(feature = "faults"))]
macro_rules! fault_point {
    ($name:literal, $error:expr) => {{}};
}

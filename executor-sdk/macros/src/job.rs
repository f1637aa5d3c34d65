//! From an async function to a type that carries the `Job` trait.
//!
//! All faults are gathered, and the user's function is always emitted, so that one mistake does not hide the others
//! and the editor keeps understanding the function.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, LitStr, Pat, ReturnType, Type};

const RIGHT_ONE: &str = "a job is written like this:\n\
    \n    #[job(\"wire-name\")]\n    async fn name(run: JobContext) -> JobResult { .. }\n\
    \nor, with parameters of a type that implements `serde::Deserialize`:\n\
    \n    async fn name(run: JobContext, parameters: P) -> JobResult { .. }";

/// The longest name that an admin takes, in characters.
const NAME_LIMIT: usize = 128;

/// The faults found so far.
#[derive(Default)]
struct Faults {
    found: Option<syn::Error>,
    shown_right_one: bool,
}

impl Faults {
    fn add(&mut self, at: Span, text: &str) {
        let fault = syn::Error::new(at, text);
        match &mut self.found {
            Some(first) => first.combine(fault),
            none => *none = Some(fault),
        }
    }

    /// A fault in the signature; the first one brings the right signature along.
    fn add_in_signature(&mut self, at: Span, text: &str) {
        if self.shown_right_one {
            return self.add(at, text);
        }
        self.shown_right_one = true;
        self.add(at, &format!("{text}; {RIGHT_ONE}"));
    }
}

/// What stands for the attribute and its function afterwards.
pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            let fault = syn::Error::new_spanned(&item, format!("#[job] goes on a function; {RIGHT_ONE}"));
            let fault = fault.into_compile_error();
            return quote!(#item #fault);
        }
    };
    let mut faults = Faults::default();
    let name = wire_name(attribute, &function, &mut faults);
    let parameters = check_signature(&function, &mut faults);
    match faults.found {
        Some(faults) => {
            let faults = faults.into_compile_error();
            quote!(#function #faults)
        }
        None => {
            let job = job_type(&function, &name, parameters);
            quote!(#function #job)
        }
    }
}

/// The attribute's text, else the function's name.
fn wire_name(attribute: TokenStream, function: &ItemFn, faults: &mut Faults) -> LitStr {
    let ident = &function.sig.ident;
    let default = LitStr::new(ident.to_string().trim_start_matches("r#"), ident.span());
    if attribute.is_empty() {
        return default;
    }
    let at = attribute.span();
    let Ok(name) = syn::parse2::<LitStr>(attribute) else {
        faults.add(at, "the name of a job is a text: #[job(\"wire-name\")]");
        return default;
    };
    let text = name.value();
    if text.trim() != text || !(1..=NAME_LIMIT).contains(&text.chars().count()) || text.contains(char::is_control) {
        faults.add(name.span(), "the name of a job has 1 to 128 characters, without line breaks or surrounding spaces");
    }
    name
}

/// Finds everything that keeps the function from being a job; the type of its parameters, if it has some.
fn check_signature<'f>(function: &'f ItemFn, faults: &mut Faults) -> Option<&'f Type> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        faults.add_in_signature(signature.fn_token.span(), "a job is async");
    }
    if !signature.generics.params.is_empty() {
        faults.add(signature.generics.span(), "a job has no generic parameters: the admin could not name them");
    }
    if signature.output == ReturnType::Default {
        faults.add_in_signature(signature.ident.span(), "a job returns JobResult");
    }
    check_arguments(function, faults)
}

fn check_arguments<'f>(function: &'f ItemFn, faults: &mut Faults) -> Option<&'f Type> {
    let mut types = Vec::new();
    for argument in &function.sig.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                faults.add(receiver.span(), "a job is a free function, without self");
                return None;
            }
            FnArg::Typed(typed) => types.push((&*typed.pat, &*typed.ty)),
        }
    }
    match types.as_slice() {
        [context] => check_context(context, faults),
        [context, (_, parameters)] => {
            check_context(context, faults);
            if matches!(parameters, Type::Reference(_)) {
                faults.add(
                    parameters.span(),
                    "parameters are handed over by value: the job outlives the call that brings them",
                );
            }
            return Some(parameters);
        }
        _ => faults.add_in_signature(function.sig.ident.span(), "a job takes its run, and at most one parameter"),
    }
    None
}

/// A reference would not compile anyway, but with a message about lifetimes.
fn check_context((_, context): &(&Pat, &Type), faults: &mut Faults) {
    if matches!(context, Type::Reference(_)) {
        faults.add(context.span(), "the run is handed over by value: `run: JobContext`");
    }
}

/// A brace struct: unlike a unit struct, it has no value of its name, which is the function's.
fn job_type(function: &ItemFn, name: &LitStr, parameters: Option<&Type>) -> TokenStream {
    let (ident, visibility) = (&function.sig.ident, &function.vis);
    let documentation = format!("The job `{}`, for `ExecutorBuilder::job`.", name.value());
    let lowercase = ident.to_string().trim_start_matches("r#").trim_start_matches('_').starts_with(char::is_lowercase);
    let expectation =
        lowercase.then(|| quote!(#[expect(non_camel_case_types, reason = "a job's type is named like its function")]));
    let call = match parameters {
        None => quote!(#ident(run)),
        Some(ty) => {
            let parse = quote_spanned!(ty.span()=> parameters.parse::<#ty>());
            quote!({ let parameters = #parse?; #ident(run, parameters) })
        }
    };
    let unused = parameters.is_none().then(|| quote!(let _ = parameters;));
    quote! {
        #[doc = #documentation]
        #expectation
        #visibility struct #ident {}

        impl ::hzmjob::Job for #ident {
            const NAME: &'static str = #name;

            // `identity` makes a wrong return type an error about that type, and not about a boxed future.
            fn call(run: ::hzmjob::JobContext, parameters: ::hzmjob::Parameters) -> ::hzmjob::JobFuture {
                #unused
                ::std::boxed::Box::pin(async move { ::std::convert::identity::<::hzmjob::JobResult>(#call.await) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(attribute: TokenStream, item: TokenStream) -> String {
        expand(attribute, item).to_string()
    }

    #[test]
    fn the_function_is_emitted_as_it_was_with_and_without_faults() {
        for function in [
            quote!(
                async fn report(run: JobContext) -> JobResult {
                    Ok(())
                }
            ),
            quote!(
                fn report() {}
            ),
            quote!(
                async fn report<T>(run: &T, a: u8, b: u8) {}
            ),
        ] {
            assert!(expanded(quote!(), function.clone()).starts_with(&function.to_string()), "{function}");
        }
        assert!(
            expanded(
                quote!(),
                quote!(
                    struct Report;
                )
            )
            .starts_with("struct Report ;")
        );
    }

    #[test]
    fn the_job_is_named_by_the_attribute_and_else_like_the_function() {
        let function = quote!(
            async fn report(run: JobContext) -> JobResult {
                Ok(())
            }
        );
        assert!(expanded(quote!("nightly"), function.clone()).contains("NAME : & 'static str = \"nightly\""));
        assert!(expanded(quote!(), function).contains("NAME : & 'static str = \"report\""));
        let raw = quote!(
            async fn r#move(run: JobContext) -> JobResult {
                Ok(())
            }
        );
        assert!(expanded(quote!(), raw).contains("NAME : & 'static str = \"move\""));
    }

    #[test]
    fn all_faults_are_told_at_once_and_the_right_signature_only_once() {
        let text = expanded(
            quote!(""),
            quote!(
                fn report<T>(run: &T) {}
            ),
        );
        assert_eq!(text.matches("compile_error").count(), 5, "{text}");
        assert_eq!(text.matches("a job is written like this").count(), 1, "{text}");
        assert!(!text.contains("impl :: hzmjob :: Job"));
    }

    #[test]
    fn the_type_has_the_visibility_of_the_function() {
        let text = expanded(
            quote!(),
            quote!(
                pub(crate) async fn report(run: JobContext) -> JobResult {
                    Ok(())
                }
            ),
        );
        assert!(text.contains("pub (crate) struct report { }"), "{text}");
    }
}

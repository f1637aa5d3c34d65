//! The gate before every address of the API and the pages: nobody gets past it without what the address declared.
//!
//! Into the tables of [`crate::routes`] and [`crate::ui`] leads [`Endpoint`] alone, and it asks for a declaration. What is served beside
//! them is open to everybody (assets, health, what executors call), or stands there with its gate.

use crate::access::{Need, Object};
use crate::audit;
use crate::auth::{ForPeople, Operator, not_from_elsewhere};
use crate::error::{ApiError, Failure};
use crate::state::App;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::Method;
use actix_web::{Error, FromRequest, Handler, HttpMessage, HttpRequest, HttpResponse, Responder, Route, guard, web};
use futures_util::future::LocalBoxFuture;
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use std::future::{Ready, ready};
use std::rc::Rc;

/// Whom an address is for.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// People: they are led to the login, and each of their forms carries its own proof, which its handler checks.
    pub(crate) is_page: bool,
    /// How a refusal looks: problem details for programs, a page for people.
    pub(crate) refuse: fn(&HttpRequest, &ApiError) -> HttpResponse,
}

/// A method and an address, what it takes, and what answers it.
pub struct Endpoint {
    /// The method; GET stands for HEAD too where people look at pages.
    pub method: Method,
    /// The address, with its variable parts in braces; of the API below `/api/v1`.
    pub path: &'static str,
    /// What it takes.
    pub need: Need,
    pub(crate) route: Route,
}

impl Endpoint {
    pub(crate) fn new<F, Args>(
        (method, path): (Method, &'static str),
        need: Need,
        manner: Manner,
        handler: F,
    ) -> Endpoint
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = web::route().guard(guard::Method(method.clone())).to(handler).wrap(Gate { need, manner });
        Endpoint { method, path, need, route }
    }

    /// Lets HEAD in where GET is.
    pub(crate) fn read<F, Args>(path: &'static str, need: Need, manner: Manner, handler: F) -> Endpoint
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let reads = guard::Any(guard::Get()).or(guard::Head());
        let route = web::route().guard(reads).to(handler).wrap(Gate { need, manner });
        Endpoint { method: Method::GET, path, need, route }
    }
}

/// The gate of one address.
#[derive(Clone, Copy)]
struct Gate {
    need: Need,
    manner: Manner,
}

impl<S, B> Transform<S, ServiceRequest> for Gate
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = Gated<S>;
    type InitError = ();
    type Future = Ready<Result<Gated<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Gated { gate: *self, service: Rc::new(service) }))
    }
}

/// A handler behind its gate.
struct Gated<S> {
    gate: Gate,
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for Gated<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (gate, service) = (self.gate, Rc::clone(&self.service));
        if gate.manner.is_page {
            request.extensions_mut().insert(ForPeople);
        }
        Box::pin(async move {
            match gate.admit(request.request()).await {
                Ok(()) => Ok(service.call(request).await?.map_into_boxed_body()),
                Err(refusal) => {
                    note(request.request(), &refusal).await;
                    let answer = (gate.manner.refuse)(request.request(), &refusal);
                    Ok(request.into_response(answer))
                }
            }
        })
    }
}

/// Records a change that was not permitted, with who wanted to make it.
async fn note(request: &HttpRequest, refusal: &ApiError) {
    let concerns_rights = matches!(
        refusal,
        ApiError::NotPermitted { .. } | ApiError::NotOnAll | ApiError::Forbidden(_) | ApiError::NotFound(_)
    );
    let operator = request.extensions().get::<Operator>().cloned();
    let app = request.app_data::<web::Data<App>>();
    if let (true, false, Some(operator), Some(app)) = (concerns_rights, request.method().is_safe(), operator, app) {
        audit::refused(app, operator.by(app), request.method().as_str(), request.path(), refusal).await;
    }
}

impl Gate {
    async fn admit(self, request: &HttpRequest) -> Result<(), ApiError> {
        if self.need == Need::Nothing {
            // Nobody's rights are used there, but an answer may set a cookie: another site must not log a browser in.
            return not_from_elsewhere(request);
        }
        let operator = Operator::extract(request).await?;
        // Also for the page that tells of the refusal: it is shown to somebody.
        request.extensions_mut().insert(operator.clone());
        let is_open = matches!(self.need, Need::Own | Need::First);
        if operator.must_change && !is_open {
            return Err(ApiError::PasswordExpired);
        }
        self.check(request, &operator).await
    }

    async fn check(self, request: &HttpRequest, operator: &Operator) -> Result<(), ApiError> {
        let rights = &operator.rights;
        match self.need {
            Need::Nothing | Need::Own | Need::Login => Ok(()),
            Need::First | Need::Person if rights.in_person => Ok(()),
            Need::First | Need::Person => {
                Err(ApiError::Forbidden("this is for the user in person, not for a program with a token"))
            }
            Need::Somewhere(permission) => rights.hold(permission).map_err(|refusal| ApiError::of_access(refusal, "")),
            Need::Everywhere(permission) => {
                rights.everywhere(permission).map_err(|refusal| ApiError::of_access(refusal, ""))
            }
            Need::On(object, permission) => {
                let missing = || ApiError::no_such(object.word());
                let id = request.match_info().get("id").and_then(|id| id.parse().ok()).ok_or_else(missing)?;
                let executor = executor_of(request, object, id).await?.ok_or_else(missing)?;
                operator.check(executor, permission, object.word())
            }
        }
    }
}

/// The executor that an object belongs to; `None`: there is no such object.
async fn executor_of(request: &HttpRequest, object: Object, id: i64) -> Result<Option<ExecutorId>, ApiError> {
    let missing = || ApiError::Internal(Failure::because("the application state is not registered"));
    let store = &request.app_data::<web::Data<App>>().ok_or_else(missing)?.store;
    Ok(match object {
        Object::Job => store.job_executor(JobId(id)).await?,
        // A run belongs to its job, and its job to an executor, with all its history.
        Object::Run => match store.run_get(RunId(id)).await? {
            Some(run) => store.job_executor(run.job).await?,
            None => None,
        },
        Object::Executor => store.executor_get(ExecutorId(id)).await?.map(|executor| executor.id),
    })
}

//! A maker's own program as a SETTLE device: `embedded STATE ADDRESS:PORT`. Its web interface is the
//! function `page`, which is asked by paired browsers alone and told who asks.

use std::convert::Infallible;
use std::env;
use std::io::stdout;

use anyhow::Context as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use settle_device::ui::{self, Format};
use settle_device::{Caller, Device, Handler, Label};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let state = arguments.next().context("give a state directory")?;
    let listen = arguments.next().context("give an address")?;
    let page = Handler::new(service_fn(page));
    let device = Device::builder(Label::parse("lamp")?, state, page)
        .listen(listen.parse()?)
        .on_event(|event| ui::write(&mut stdout(), Format::Plain, &event).unwrap_or_default())
        .open()
        .await?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    Ok(device.serve(stop).await?)
}

async fn page(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let caller = request.extensions().get::<Caller>();
    let role = caller.map_or_else(String::new, |caller| caller.role.to_string());
    let text = format!("<!doctype html><title>Lamp</title><p>The lamp is on, {role}.");
    let mut answer = Response::new(text);
    let html = hyper::header::HeaderValue::from_static("text/html; charset=utf-8");
    answer
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, html);
    Ok(answer)
}

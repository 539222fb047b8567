//! The sinks of published events.

use shared::app::App;
use shared::aws::bus::Bus;
use shared::providers::posthog::PostHog;

#[derive(Debug, Clone)]
pub(crate) struct Sinks {
    pub(crate) bus: Option<Bus>,
    pub(crate) posthog: Option<PostHog>,
}

impl Sinks {
    pub(crate) fn of(app: &App) -> Self {
        let config = &app.config;
        let bus = config
            .event_bus
            .as_deref()
            .zip(config.aws.as_ref())
            .map(|(name, aws)| Bus::new(aws, &app.http, config.event_bus_endpoint.as_deref(), name));
        let analytics = config.analytics.as_ref();
        let posthog = analytics.map(|it| PostHog::new(app.http.clone(), &it.host, &it.api_key));
        Self { bus, posthog }
    }

    pub(crate) fn are_configured(&self) -> bool {
        self.bus.is_some() || self.posthog.is_some()
    }
}

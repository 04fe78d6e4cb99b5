//! Taking a part: checked, looked up, kept, and only then told to the core.

use std::sync::Arc;

use futures_util::future::try_join_all;
use pavane::workflow::v1::{Member, PrepareWorkflowRequest, PrepareWorkflowResponse};

use super::input::Input;
use super::{Runtime, reply_with};
use crate::Error;
use crate::parts::{Preparation, Prepared, check};
use crate::peers::{Place, Position, look_up};

impl Runtime {
    /// Prepares the member for its part in a revision of a workflow, as PrepareWorkflow does; a home
    /// calls it for itself once all participants have answered.
    ///
    /// # Errors
    /// Those of PrepareWorkflow.
    pub async fn prepare(
        &self,
        request: PrepareWorkflowRequest,
    ) -> Result<PrepareWorkflowResponse, Error> {
        // In a task of its own: whoever asked may go away in the middle.
        let this = self.clone();
        let preparing = tokio::spawn(async move { this.prepare_now(request).await });
        preparing.await.unwrap_or(Err(Error::Stopped))
    }

    async fn prepare_now(
        &self,
        request: PrepareWorkflowRequest,
    ) -> Result<PrepareWorkflowResponse, Error> {
        let _one = self.0.preparing.lock().await;
        let host = Arc::clone(&self.0.host);
        let checking = tokio::task::spawn_blocking(move || {
            let prepared = check(host.identity(), &request)?;
            Ok::<_, Error>((prepared, request))
        });
        let (prepared, request) = checking.await.map_err(|_| Error::Stopped)??;
        let places = self.places(&prepared, &request).await?;
        let is_new = self.0.parts.keep(&request, &places).await?;
        let steps = prepared.steps();
        let preparation = Box::new(Preparation { prepared, places });
        self.ask(|reply| Input::Prepare(preparation, reply_with(reply, ())))
            .await?;
        Ok(PrepareWorkflowResponse { steps, is_new })
    }

    /// Where those are who must be heard, and where to begin with each.
    async fn places(
        &self,
        prepared: &Prepared,
        request: &PrepareWorkflowRequest,
    ) -> Result<Vec<Place>, Error> {
        let members = request.participants.iter().chain(&request.home);
        let heard = members.filter(|member| {
            let mut hears = prepared.hears.iter();
            hears.any(|hears| *hears.peer == *member.name)
        });
        let places = heard.map(|member| async move {
            let mut place = Place {
                name: member.name.clone(),
                target: member.target.clone(),
                feed: member.feed.clone(),
                incarnation: member.incarnation.clone(),
                begin: String::new(),
            };
            let address = self.0.follow.address(&place);
            let position = look_up(
                &*self.0.host,
                member,
                address,
                self.0.options.connect_timeout,
            )
            .await?;
            let Position {
                earliest_cursor,
                head_cursor,
            } = position;
            let known = self.known_place(&member.name);
            place.begin = match known {
                None => head_cursor,
                Some(known) if known.incarnation == member.incarnation => known.begin,
                Some(known) => {
                    self.check_gone(&known).await?;
                    // Made anew: whatever is in it was not heard.
                    earliest_cursor
                }
            };
            Ok(place)
        });
        try_join_all(places).await
    }

    fn known_place(&self, name: &str) -> Option<Place> {
        let peers = self.0.shared.peers.lock();
        peers.0.get(name).map(|peer| peer.place.clone())
    }

    /// Whoever is heard now must be gone before another of its name is: they would be taken for one.
    async fn check_gone(&self, known: &Place) -> Result<(), Error> {
        let member = Member {
            name: known.name.clone(),
            feed: known.feed.clone(),
            incarnation: known.incarnation.clone(),
            ..Member::default()
        };
        let address = self.0.follow.address(known);
        let timeout = self.0.options.connect_timeout;
        match look_up(&*self.0.host, &member, address, timeout).await {
            Err(_) => Ok(()),
            Ok(_) => Err(Error::StillThere {
                name: member.name,
                target: address.to_owned(),
                incarnation: member.incarnation,
            }),
        }
    }
}

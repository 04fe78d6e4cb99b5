//! `pavane.testing.v1.FaultService`: faults in, calls out.

use pavane::testing::v1::fault_service_server::FaultService;
use pavane::testing::v1::{
    AddFaultRequest, AddFaultResponse, ClearFaultsRequest, ClearFaultsResponse, ListCallsRequest,
    ListCallsResponse,
};
use tonic::{Request, Response, Status};

use super::Faults;
use crate::Ledger;

#[derive(Clone)]
pub(super) struct FaultApi {
    pub(super) faults: Faults,
    pub(super) ledger: Ledger,
}

#[tonic::async_trait]
impl FaultService for FaultApi {
    async fn add_fault(
        &self,
        request: Request<AddFaultRequest>,
    ) -> Result<Response<AddFaultResponse>, Status> {
        self.faults.add(request.into_inner())?;
        Ok(Response::new(AddFaultResponse {}))
    }

    async fn clear_faults(
        &self,
        _request: Request<ClearFaultsRequest>,
    ) -> Result<Response<ClearFaultsResponse>, Status> {
        self.faults.clear();
        Ok(Response::new(ClearFaultsResponse {}))
    }

    async fn list_calls(
        &self,
        request: Request<ListCallsRequest>,
    ) -> Result<Response<ListCallsResponse>, Status> {
        let request = request.into_inner();
        let (calls, next_page_token) = self.ledger.calls(request.page_size, &request.page_token)?;
        Ok(Response::new(ListCallsResponse {
            calls,
            next_page_token,
        }))
    }
}

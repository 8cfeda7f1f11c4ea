#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used)]
use centime_engine::*; use centime_domain::*; use std::sync::Arc; use std::time::*;
use futures::StreamExt;
#[global_allocator] static A: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
fn main(){
 let a: Vec<String> = std::env::args().collect();
 let bus = if a[1]=="mem" {Bus::InMemory} else {Bus::Embedded};
 let n: u64 = a[2].parse().unwrap(); let users: u64 = a[3].parse().unwrap();
 let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
 let e = Engine::start(EngineConfig{bus, data_dir:"/work/tmp/data".into(), shards:2, partitions:12, memory_budget:512<<20, write_behind:Duration::from_secs(5), clock:Arc::new(Clock::default()), panic_id:None}).unwrap();
 rt.block_on(async {
  while !e.ready() { tokio::time::sleep(Duration::from_millis(5)).await; }
  let cats=["groceries","rent","transport","dining","utilities","health","leisure","travel"];
  let run = |n: u64, f: Box<dyn Fn(u64)->(String,String,&'static str,String)>| { let e=e.clone(); async move {
   let t=Instant::now(); let mut alerts=0u64;
   let mut s = futures::stream::iter((0..n).map(move |i| { let (u,id,k,d)=f(i); let e=e.clone(); 
     let user=UserId::parse(&u).unwrap(); let id=CommandId::parse(&id).unwrap(); let c=Command::parse(k, d.as_bytes()).unwrap(); let h=c.body_hash();
     let input=Input{id, time:jiff::Timestamp::from_second(1_790_000_000).unwrap(), body_hash:h, command:Ok(c)};
     async move { loop { match e.submit_input(user.clone(), input.clone()).await { Err(EngineError::Busy{..}) => tokio::time::sleep(Duration::from_millis(1)).await, r => break r } } } })).buffer_unordered(8000);
   while let Some(r)=s.next().await { match r.unwrap().outcome { Outcome::Accepted(ev)=> alerts+=ev.iter().filter(|e|e.type_name()=="budget_exceeded").count() as u64, Outcome::Refused(r)=>panic!("{r}") } }
   println!("{n} in {:?} = {:.0}/s alerts {alerts}", t.elapsed(), n as f64/t.elapsed().as_secs_f64()); } };
  run(users*8, Box::new(move |i| { let c=cats[(i%8) as usize]; (format!("user-{:08}",i/8), format!("b{i}"), "set_budget", format!(r#"{{"category":"{c}","limit":"100.00","currency":"EUR","from":"2026-01"}}"#)) })).await;
  run(n, Box::new(move |i| { let mut x=i.wrapping_mul(0x9E3779B97F4A7C15)^0x1234567; x^=x<<13; x^=x>>7; x^=x<<17; let cents=(x>>20)%10000+1; (format!("user-{:08}", x%users), format!("{:08x}-0000-7000-8000-{i:012x}", i), "create_transaction", format!(r#"{{"transaction_type":"Expense","amount":"{}.{:02}","currency":"EUR","category":"{}","date":"2026-{:02}-{:02}"}}"#, cents/100, cents%100, cats[((x>>40)%8) as usize], (x>>10)%12+1, (x>>33)%28+1)) })).await;
  println!("rss {}", std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmRSS")||l.starts_with("VmHWM")).collect::<Vec<_>>().join(" "));
  let t=Instant::now(); e.stop().await; println!("stop {:?}", t.elapsed());
 });
}

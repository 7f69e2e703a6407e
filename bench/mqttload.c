// mqttload: a single-threaded epoll load generator and delivery checker for MQTT 3.1.1 and 5. Linux, no dependencies.
// Part of Sluice's benchmark: bench/mqttload.ts compiles it with `cc -O2 mqttload.c -lm` and reads the line that it prints.
//
// It drives P publishers and S subscribers from one thread, stamps every message with (publisher, sequence, time of sending),
// and reports acknowledged and received rates, latency percentiles, and lost, duplicated and reordered messages.
// Exit status: 0 complete, 1 incomplete after --idle-timeout seconds without progress, 2 system error, 3 refused or cut off
// by the broker. `mqttload --help` lists the arguments.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec*1000000000ull+t.tv_nsec;}
static void die(const char*m){fprintf(stderr,"mqttload: %s: %s\n",m,errno?strerror(errno):"");exit(2);}

static const char*host="127.0.0.1",*topic_fmt="bench/%d",*filter_fmt="bench/#",*user=NULL,*pass=NULL,*prefix="load";
static int port=1883,ver=4,P=1,S=1,qos=0,subqos=-1,size=64,window=100,rmax=0,idle=0,quiet=0,json=0,srcips=1;
static int topic_count=0,filter_count=0; static uint64_t N=100000,first=0; static double rate=0,fanout=1,idle_timeout=3,hold=0,think_us=0; static int persist=0; static int noack=0; static int will=0,keepalive=0,idle_sub=0; static double tick=0;
static const char* label=""; static const char*json_fmt=NULL;

typedef struct{int fd,id;bool is_pub,up,subbed,wantw;uint8_t*in;int inl,incap;uint8_t*out;size_t outl,outo,outcap;uint64_t sent,acked;int inflight;uint16_t nextid;uint64_t*sent_at;} Conn;
// when the PUBLISH of a packet id left, for as many as may be unacknowledged
#define SENT_AT 1024
static Conn*C;static int ep,nC; static uint64_t total_acked,total_recv,total_unique,total_dup,total_reorder,bad_ack; static uint8_t**seen;static uint64_t*lastseq;
// latency histogram: log-linear, 64 sub-buckets per power of two, ns
static uint64_t hist[64*64]; static uint64_t hist_n; static uint64_t ahist[64*64],ahist_n; static uint64_t lat_max,ack_max;
static int bucket(uint64_t v){if(v<64)return v;int e=63-__builtin_clzll(v);return (e-5)*64+((v>>(e-6))&63);}
static uint64_t bval(int b){if(b<64)return b;int e=b/64+5;return (1ull<<e)+((uint64_t)(b%64)<<(e-6));}
static double pct(uint64_t*h,uint64_t n,double p){uint64_t c=0,t=(uint64_t)(n*p);for(int i=0;i<64*64;i++){c+=h[i];if(c>t)return bval(i)/1e6;}return 0;}

static void room(Conn*c,size_t n){if(c->outl+n<=c->outcap)return;if(c->outo){memmove(c->out,c->out+c->outo,c->outl-c->outo);c->outl-=c->outo;c->outo=0;}
  if(c->outl+n>c->outcap){c->outcap=(c->outl+n)*2;c->out=realloc(c->out,c->outcap);}}
static int putlen(uint8_t*b,uint32_t l){int i=0;do{uint8_t d=l%128;l/=128;if(l)d|=128;b[i++]=d;}while(l);return i;}
static uint8_t*putstr(uint8_t*p,const char*s,int n){*p++=n>>8;*p++=n;memcpy(p,s,n);return p+n;}
static void packet(Conn*c,uint8_t h,const uint8_t*body,uint32_t n){room(c,n+5);uint8_t*p=c->out+c->outl;*p++=h;p+=putlen(p,n);memcpy(p,body,n);c->outl=p+n-c->out;}
static void watch(Conn*c,bool w){if(c->wantw==w)return;c->wantw=w;struct epoll_event e={.events=EPOLLIN|(w?EPOLLOUT:0),.data.ptr=c};epoll_ctl(ep,EPOLL_CTL_MOD,c->fd,&e);}
static int flush(Conn*c){while(c->outo<c->outl){ssize_t w=send(c->fd,c->out+c->outo,c->outl-c->outo,MSG_NOSIGNAL);if(w<0){if(errno==EAGAIN){watch(c,true);return 0;}fprintf(stderr,"mqttload: connection %d lost while sending: %s\n",c->id,strerror(errno));exit(3);}c->outo+=w;}c->outo=c->outl=0;watch(c,false);return 1;}
static void do_connect(Conn*c){uint8_t b[512],*p=b;p=putstr(p,"MQTT",4);*p++=ver;bool keep=persist&&!c->is_pub;uint8_t f=keep?0:2;if(will)f|=0x0c;if(user)f|=0x80;if(pass)f|=0x40;*p++=f;*p++=keepalive>>8;*p++=keepalive;
  if(ver==5){uint8_t pr[16];int n=0;if(keep){pr[n++]=0x11;pr[n++]=0;pr[n++]=0;pr[n++]=0x0e;pr[n++]=0x10;}if(rmax&&!c->is_pub){pr[n++]=0x21;pr[n++]=rmax>>8;pr[n++]=rmax;}*p++=n;memcpy(p,pr,n);p+=n;}
  char id[64];int n=snprintf(id,64,"%s-%s-%d",prefix,c->is_pub?"p":"s",c->id);p=putstr(p,id,n);if(will){if(ver==5)*p++=0;char w[64];int l=snprintf(w,64,"will/%d",c->id);p=putstr(p,w,l);p=putstr(p,"gone",4);}if(user){char u[128];snprintf(u,128,user,c->id);p=putstr(p,u,strlen(u));}if(pass)p=putstr(p,pass,strlen(pass));packet(c,0x10,b,p-b);}
static void do_sub(Conn*c){static uint8_t b[1<<20];uint8_t*p=b;*p++=0;*p++=1;if(ver==5)*p++=0;int k=c->id;do{char f[256];snprintf(f,256,filter_fmt,k);if(p+260>b+sizeof b){fprintf(stderr,"mqttload: too many filters for one SUBSCRIBE\n");exit(2);}p=putstr(p,f,strlen(f));*p++=subqos;k+=S;}while(k<filter_count);packet(c,0x82,b,p-b);}
static char**topics;static uint64_t t_start,budget_sent; static uint8_t*pay;
static bool may_send(Conn*c){return c->sent<N&&(qos==0?c->outl-c->outo<65536:c->inflight<window);}
static const char*topic_of(Conn*c){return topics[(c->id+(c->sent*P))%topic_count];}
static void pump(Conn*c,uint64_t t){int burst=0;while(may_send(c)&&burst<512){if(tick>0&&c->sent-first>=(uint64_t)((t-t_start)/1e9/tick)+1)break;if(rate>0){double allowed=(t-t_start)/1e9*rate;if(budget_sent>=allowed)break;}
  const char*topic=topic_of(c);int tl=strlen(topic);if(json_fmt)size=snprintf((char*)pay,4096,json_fmt,(unsigned long)c->sent);uint32_t body=2+tl+(qos?2:0)+(ver==5)+size;room(c,body+5);uint8_t*p=c->out+c->outl;*p++=0x30|(qos<<1);p+=putlen(p,body);p=putstr(p,topic,tl);
  uint64_t ts=rate>0||tick>0?t:now_ns();
  if(qos){uint16_t id=c->nextid;if(++c->nextid==0)c->nextid=1;c->sent_at[id%SENT_AT]=ts;*p++=id>>8;*p++=id;}if(ver==5)*p++=0;
  memcpy(p,pay,size);if(!json_fmt){uint32_t pid=c->id;memcpy(p,&pid,4);memcpy(p+4,&c->sent,8);memcpy(p+12,&ts,8);}p+=size;c->outl=p-c->out;c->sent++;budget_sent++;if(qos)c->inflight++;burst++;}
  if(c->outl>c->outo)flush(c);}
static int closing=0;
static void on_publish(Conn*c,uint8_t h,uint8_t*b,uint32_t n,uint64_t t){int q=(h>>1)&3;int tl=b[0]<<8|b[1];uint32_t o=2+tl;uint16_t id=0;if(q){id=b[o]<<8|b[o+1];o+=2;}
  if(ver==5){uint32_t l=0,m=1;uint8_t d;do{d=b[o++];l+=(d&127)*m;m*=128;}while(d&128);o+=l;}
  if(n-o>=20){uint32_t pid;uint64_t seq,ts;memcpy(&pid,b+o,4);memcpy(&seq,b+o+4,8);memcpy(&ts,b+o+12,8);
    if(pid<(uint32_t)P&&seq<N){if(closing){if(fanout==1&&seen[pid][seq>>3]&1<<(seq&7))total_dup++;return;}
      total_recv++;uint64_t lat=t>ts?t-ts:0;if(lat>lat_max)lat_max=lat;hist[bucket(lat)]++;hist_n++;
      if(fanout==1){uint8_t*s=&seen[pid][seq>>3];uint8_t m=1<<(seq&7);if(*s&m)total_dup++;else{*s|=m;total_unique++;}if(S==1){if(seq+1<lastseq[pid])total_reorder++;else lastseq[pid]=seq+1;}}else total_unique++;}}
  if(noack)return;
  if(q==1){uint8_t a[4]={0x40,2,id>>8,id};room(c,4);memcpy(c->out+c->outl,a,4);c->outl+=4;}
  else if(q==2){uint8_t a[4]={0x50,2,id>>8,id};room(c,4);memcpy(c->out+c->outl,a,4);c->outl+=4;}}
static int up,subbed; 
static void on_packet(Conn*c,uint8_t h,uint8_t*b,uint32_t n,uint64_t t){switch(h>>4){
  case 2:{if(b[1]){fprintf(stderr,"mqttload: CONNACK refused: reason %d\n",b[1]);exit(3);}c->up=true;up++;break;}
  case 9:{int granted=filter_count>c->id?(filter_count-c->id+S-1)/S:1;for(int i=1;i<=granted;i++){uint8_t rc=b[n-i];if(rc>2){fprintf(stderr,"mqttload: SUBACK refused: reason 0x%02x\n",rc);exit(3);}}c->subbed=true;subbed++;break;}
  case 3:on_publish(c,h,b,n,t);break;
  case 4:if(n>2&&b[2]>=0x80)bad_ack++;if(c->is_pub){uint64_t d=t-c->sent_at[(b[0]<<8|b[1])%SENT_AT];ahist[bucket(d)]++;ahist_n++;if(d>ack_max)ack_max=d;}c->inflight--;c->acked++;total_acked++;break;
  case 5:{uint8_t a[4]={0x62,2,b[0],b[1]};room(c,4);memcpy(c->out+c->outl,a,4);c->outl+=4;break;}
  case 7:c->inflight--;c->acked++;total_acked++;break;
  case 6:{uint8_t a[4]={0x70,2,b[0],b[1]};room(c,4);memcpy(c->out+c->outl,a,4);c->outl+=4;break;}
  case 13:break;
  case 14:fprintf(stderr,"mqttload: DISCONNECT from broker, reason 0x%02x\n",n?b[0]:0);exit(3);
  default:break;}}
static bool closed_ok=false;
static void on_read(Conn*c){for(;;){if(c->incap-c->inl<65536){c->incap=c->incap?c->incap*2:131072;c->in=realloc(c->in,c->incap);}
    ssize_t r=recv(c->fd,c->in+c->inl,c->incap-c->inl,0);if(r<0){if(errno==EAGAIN)break;if(closed_ok)return;fprintf(stderr,"mqttload: connection %d lost: %s\n",c->id,strerror(errno));exit(3);}
    if(r==0){fprintf(stderr,"mqttload: connection %d (%s) closed by broker\n",c->id,c->is_pub?"pub":"sub");exit(3);}
    c->inl+=r;uint64_t t=now_ns();int o=0;for(;;){if(c->inl-o<2)break;uint32_t l=0,m=1;int k=1;uint8_t d;bool inc=false;do{if(o+k>=c->inl){inc=true;break;}d=c->in[o+k++];l+=(d&127)*m;m*=128;}while((d&128)&&k<5);if(inc||(uint32_t)(c->inl-o-k)<l)break;on_packet(c,c->in[o],c->in+o+k,l,t);o+=k+l;}
    if(o){memmove(c->in,c->in+o,c->inl-o);c->inl-=o;}
    if(c->outl>c->outo)flush(c); if(r<65536)break;}}
static struct epoll_event ev[1024];
static void poll_once(int ms){int n=epoll_wait(ep,ev,1024,ms);for(int i=0;i<n;i++){Conn*c=ev[i].data.ptr;if(ev[i].events&EPOLLOUT)flush(c);if(ev[i].events&(EPOLLIN|EPOLLHUP|EPOLLERR))on_read(c);}}
static void open_conn(Conn*c,int k){c->fd=socket(AF_INET,SOCK_STREAM,0);if(c->fd<0)die("socket");if(srcips>1){struct sockaddr_in l={.sin_family=AF_INET};l.sin_addr.s_addr=htonl(0x7f000002+k%srcips);int one=1;setsockopt(c->fd,SOL_IP,24/*IP_BIND_ADDRESS_NO_PORT*/,&one,sizeof one);if(bind(c->fd,(void*)&l,sizeof l))die("bind");}
  struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(port)};inet_pton(AF_INET,host,&a.sin_addr);if(connect(c->fd,(void*)&a,sizeof a))die("connect");int one=1;setsockopt(c->fd,IPPROTO_TCP,TCP_NODELAY,&one,sizeof one);fcntl(c->fd,F_SETFL,O_NONBLOCK);
  c->nextid=1;struct epoll_event e={.events=EPOLLIN,.data.ptr=c};epoll_ctl(ep,EPOLL_CTL_ADD,c->fd,&e);do_connect(c);flush(c);}
static void usage(void){puts("mqttload --host H --port N --ver 4|5 --pubs P --subs S --count N(per pub) --first SEQ --qos Q --subqos Q --size B --window W --topic FMT(%d=pub) --topics K --filter FMT(%d=sub) --filters K --rate MSGS/S(total) --fanout X --rmax R --user U --pass P --prefix ID --persist --will --keepalive SECONDS --idle N --idle-sub --hold SECONDS --idle-timeout S --srcips K --label L\n --pubs 0: only subscribe and drain (expects --expect); --subs 0: only publish; --persist: subscribers keep their sessions\n --topics K: publishers go round K topics, %d of which is 0 to K-1 (the publisher's number, and K is P, where not given)\n --filters K: subscriber i subscribes to filters i, i+S, i+2S … below K (its own where not given)\n --payload TEXT: a payload of its own, with the number of the message for %lu, in place of --size bytes (nothing counts what is received then)\n --tick SECONDS: every publisher sends one message at the same moment, so long after all are connected, and again after so long\n --first SEQ: each publisher starts with message SEQ, of --count with those before it");exit(0);}
static uint64_t expect_total=0;
int main(int argc,char**argv){struct option o[]={{"host",1,0,'h'},{"port",1,0,'p'},{"ver",1,0,'V'},{"pubs",1,0,'P'},{"subs",1,0,'S'},{"count",1,0,'n'},{"qos",1,0,'q'},{"subqos",1,0,'Q'},{"size",1,0,'s'},{"window",1,0,'w'},{"topic",1,0,'t'},{"filter",1,0,'f'},{"rate",1,0,'r'},{"fanout",1,0,'x'},{"rmax",1,0,'m'},{"user",1,0,'u'},{"pass",1,0,'k'},{"prefix",1,0,'i'},{"persist",0,0,'e'},{"idle",1,0,'I'},{"hold",1,0,'H'},{"will",0,0,'W'},{"keepalive",1,0,'K'},{"idle-sub",0,0,'U'},{"idle-timeout",1,0,'T'},{"srcips",1,0,'c'},{"label",1,0,'l'},{"expect",1,0,'E'},{"pubids",1,0,'B'},{"noack",0,0,'N'},{"topics",1,0,'A'},{"filters",1,0,'F'},{"first",1,0,'G'},{"payload",1,0,'J'},{"tick",1,0,'C'},{"help",0,0,'?'},{0}};int ch;int pubids=0;
  while((ch=getopt_long(argc,argv,"",o,0))!=-1)switch(ch){case'h':host=optarg;break;case'p':port=atoi(optarg);break;case'V':ver=atoi(optarg);break;case'P':P=atoi(optarg);break;case'S':S=atoi(optarg);break;case'n':N=atoll(optarg);break;case'q':qos=atoi(optarg);break;case'Q':subqos=atoi(optarg);break;case's':size=atoi(optarg);break;case'w':window=atoi(optarg);break;case't':topic_fmt=optarg;break;case'f':filter_fmt=optarg;break;case'r':rate=atof(optarg);break;case'x':fanout=atof(optarg);break;case'm':rmax=atoi(optarg);break;case'u':user=optarg;break;case'k':pass=optarg;break;case'i':prefix=optarg;break;case'e':persist=1;break;case'I':idle=atoi(optarg);break;case'H':hold=atof(optarg);break;case'W':will=1;break;case'K':keepalive=atoi(optarg);break;case'U':idle_sub=1;break;case'T':idle_timeout=atof(optarg);break;case'c':srcips=atoi(optarg);break;case'l':label=optarg;break;case'E':expect_total=atoll(optarg);break;case'B':pubids=atoi(optarg);break;case'N':noack=1;break;case'A':topic_count=atoi(optarg);break;case'F':filter_count=atoi(optarg);break;case'G':first=atoll(optarg);break;case'J':json_fmt=optarg;break;case'C':tick=atof(optarg);break;default:usage();}
  if(size<20)size=20;if(subqos<0)subqos=qos;struct rlimit rl={1000000,1000000};if(setrlimit(RLIMIT_NOFILE,&rl)){getrlimit(RLIMIT_NOFILE,&rl);rl.rlim_cur=rl.rlim_max;setrlimit(RLIMIT_NOFILE,&rl);}
  ep=epoll_create1(0);if(window>SENT_AT){fprintf(stderr,"mqttload: --window of at most %d\n",SENT_AT);exit(2);}pay=malloc(size>4096?size:4096);memset(pay,'x',size);
  if(idle){C=calloc(idle,sizeof(Conn));uint64_t t0=now_ns();for(int i=0;i<idle;i++){C[i].id=i;C[i].is_pub=true;open_conn(&C[i],i);while(i-up>500)poll_once(10);}while(up<idle)poll_once(100);if(idle_sub){for(int i=0;i<idle;i++){do_sub(&C[i]);flush(&C[i]);while(i-subbed>500)poll_once(10);}while(subbed<idle)poll_once(100);}double s=(now_ns()-t0)/1e9;printf("%s idle connections=%d connect_s=%.2f conn_rate=%.0f/s\n",label,idle,s,idle/s);fflush(stdout);uint64_t e=now_ns()+(uint64_t)(hold*1e9);while(now_ns()<e)poll_once(100);return 0;}
  int ids=P?P:(pubids?pubids:1);int realP=P;P=ids;nC=realP+S;C=calloc(nC,sizeof(Conn));seen=calloc(ids,sizeof*seen);lastseq=calloc(ids,8);for(int i=0;i<ids;i++)seen[i]=calloc(1,N/8+1);if(!topic_count)topic_count=ids;topics=calloc(topic_count,sizeof*topics);for(int i=0;i<topic_count;i++){char b[256];snprintf(b,256,topic_fmt,i);topics[i]=strdup(b);}
  uint64_t topen=now_ns();for(int i=0;i<S;i++){Conn*c=&C[realP+i];c->id=i;open_conn(c,i);while(i-up>200)poll_once(10);}
  while(up<S)poll_once(100);
  for(int i=0;i<S;i++){do_sub(&C[realP+i]);flush(&C[realP+i]);}while(subbed<S)poll_once(100);
  for(int i=0;i<realP;i++){Conn*c=&C[i];c->id=i;c->is_pub=true;c->sent=first;c->sent_at=calloc(SENT_AT,8);open_conn(c,i+S);while(i+S-up>200)poll_once(10);}
  while(up<nC)poll_once(100);
  if(tick>0)for(uint64_t connected=now_ns();now_ns()-connected<tick*1e9;)poll_once(10);
  t_start=realP?now_ns():topen;uint64_t tot=(N-first)*realP,last=t_start,last_count=0,t_acked=0,t_recv=0;uint64_t expect=expect_total?expect_total:(S?(uint64_t)(tot*fanout):0);int rr=0;
  for(;;){uint64_t t=now_ns();bool allsent=budget_sent>=tot;if(!allsent)for(int i=0;i<realP;i++){pump(&C[(i+rr)%realP],t);}rr++;
    bool drained=true;if(allsent&&qos==0)for(int i=0;i<realP;i++)if(C[i].outl>C[i].outo)drained=false;
    if(allsent&&!t_acked&&(qos==0?drained:total_acked>=tot))t_acked=now_ns();
    if(!t_recv&&total_unique>=expect)t_recv=now_ns();
    if(t_acked&&t_recv)break; if(!realP&&t_recv)break;
    bool can=false;if(!allsent&&rate==0&&qos==0)can=true; poll_once(can?0:(rate>0&&!allsent?0:1));
    uint64_t cnt=total_recv+total_acked+budget_sent;if(cnt!=last_count){last_count=cnt;last=now_ns();}else if(now_ns()-last>idle_timeout*1e9)break;}
  // What is unread when a socket closes resets it, and the acknowledgements on their way would be gone: read, and answer no more.
  uint64_t end=now_ns();noack=closing=1;while(now_ns()-end<100000000ull)poll_once(20);
  double ta=((t_acked?t_acked:last)-t_start)/1e9,tr=((t_recv?t_recv:last)-t_start)/1e9;
  printf("%s pubs=%d subs=%d qos=%d/%d size=%d win=%d sent=%lu acked=%lu bad_ack=%lu pub_rate=%.0f/s | expect=%lu recv=%lu lost=%ld dup=%lu reorder=%lu recv_rate=%.0f/s | lat_ms p50=%.2f p95=%.2f p99=%.2f p99.9=%.2f max=%.2f | ack_ms ack_p50=%.2f ack_p99=%.2f ack_max=%.2f%s\n",label,realP,S,qos,subqos,size,window,budget_sent,total_acked,bad_ack,ta>0?(qos?total_acked:budget_sent)/ta:0,expect,total_recv,(long)(expect-total_unique),total_dup,total_reorder,tr>0?total_recv/tr:0,pct(hist,hist_n,.5),pct(hist,hist_n,.95),pct(hist,hist_n,.99),pct(hist,hist_n,.999),lat_max/1e6,pct(ahist,ahist_n,.5),pct(ahist,ahist_n,.99),ack_max/1e6,(t_acked||!realP)&&t_recv?"":"  INCOMPLETE");
  return ((t_acked||!realP)&&t_recv)?0:1;}
